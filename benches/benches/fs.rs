//! What the file system costs through the blocking pool: reading and writing in pieces, small questions.

use heist_benches::Bencher;

const PIECE: usize = 4096;
const PIECES: usize = 100;
const SIZE: usize = 64 * 1024;

heist_benches::arms! {
    use rt::fs::{self, File};
    use rt::io::{AsyncReadExt, AsyncWriteExt};

    async fn read() {
        let mut zero = File::open("/dev/zero").await.expect("the device is there");
        let mut piece = [0; PIECE];
        for _ in 0..PIECES {
            zero.read_exact(&mut piece).await.expect("it does not end");
        }
    }

    pub(super) fn read_4_kib(bencher: &mut Bencher<'_>) {
        on_worker(bencher.per(PIECES), read);
    }

    async fn write() {
        let mut nothing = File::create("/dev/null").await.expect("the device is there");
        for _ in 0..PIECES {
            nothing.write_all(&[7; PIECE]).await.expect("it takes everything");
        }
        nothing.flush().await.expect("it takes everything");
    }

    pub(super) fn write_4_kib(bencher: &mut Bencher<'_>) {
        on_worker(bencher.per(PIECES), write);
    }

    /// A file of 64 KiB, from the page cache.
    pub(super) fn read_whole(bencher: &mut Bencher<'_>) {
        let path = std::env::temp_dir().join(format!("heist-bench-{}", std::process::id()));
        std::fs::write(&path, [7; SIZE]).expect("the folder takes a file");
        let runtime = runtime();
        bencher.iter_custom(|rounds| {
            let path = path.clone();
            let task = runtime.spawn(async move {
                let started = std::time::Instant::now();
                for _ in 0..rounds {
                    assert_eq!(fs::read(&path).await.expect("the file is there").len(), SIZE);
                }
                started.elapsed()
            });
            runtime.block_on(task).expect("the task ends")
        });
        std::fs::remove_file(&path).expect("the file is there");
    }

    async fn ask() {
        assert!(fs::metadata("/dev").await.expect("the folder is there").is_dir());
    }

    pub(super) fn metadata(bencher: &mut Bencher<'_>) {
        on_worker(bencher, ask);
    }
}

heist_benches::compare!(read_4_kib, write_4_kib, read_whole, metadata);
