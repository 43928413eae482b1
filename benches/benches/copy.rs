//! What the adaptors of `io` cost: copying in memory, a duplex pipe between two tasks, lines of a buffered reader.

use heist_benches::Bencher;

const SIZE: usize = 256 * 1024;
const LINES: usize = 1000;

heist_benches::arms! {
    use rt::io::{self, AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};

    async fn memory() {
        let source = [7; SIZE];
        let mut target = Vec::with_capacity(SIZE);
        let copied = io::copy(&mut &source[..], &mut target).await.expect("memory takes it");
        assert_eq!(copied, SIZE as u64);
    }

    pub(super) fn copy_in_memory(bencher: &mut Bencher<'_>) {
        on_worker(bencher, memory);
    }

    async fn pipe() {
        let (mut there, mut here) = io::duplex(4096);
        let writer = rt::spawn(async move { there.write_all(&[7; SIZE]).await });
        let mut all = Vec::with_capacity(SIZE);
        here.read_to_end(&mut all).await.expect("the writer closes");
        assert_eq!(all.len(), SIZE);
        writer.await.expect("the task ends").expect("the reader reads");
    }

    pub(super) fn duplex_256_kib(bencher: &mut Bencher<'_>) {
        on_worker(bencher, pipe);
    }

    async fn lines() {
        let text = b"a line of some length, as in a protocol of lines\r\n".repeat(LINES);
        let mut lines = BufReader::new(&text[..]).lines();
        let mut count = 0;
        while lines.next_line().await.expect("it is text").is_some() {
            count += 1;
        }
        assert_eq!(count, LINES);
    }

    pub(super) fn buffered_lines(bencher: &mut Bencher<'_>) {
        on_worker(bencher.per(LINES), lines);
    }
}

heist_benches::compare!(copy_in_memory, duplex_256_kib, buffered_lines);
