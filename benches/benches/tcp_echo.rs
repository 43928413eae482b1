//! What a round trip of 64 bytes over loopback costs, with 1 and with 64 connections at once.
//!
//! Client and server share the runtime, so the figure holds both sides.

use criterion::Bencher;

const MESSAGE: [u8; 64] = [7; 64];

heist_benches::arms! {
    use rt::io::{AsyncReadExt, AsyncWriteExt};
    use rt::net::{TcpListener, TcpStream};

    async fn serve(listener: TcpListener) {
        while let Ok((mut stream, _)) = listener.accept().await {
            rt::spawn(async move {
                let mut message = MESSAGE;
                stream.set_nodelay(true).expect("the stream is open");
                while stream.read_exact(&mut message).await.is_ok() {
                    stream.write_all(&message).await.expect("the client listens");
                }
            });
        }
    }

    async fn connect(count: usize) -> Vec<TcpStream> {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("the listener is bound");
        rt::spawn(serve(listener));
        let mut streams = Vec::new();
        for _ in 0..count {
            let stream = TcpStream::connect(address).await.expect("the server accepts");
            stream.set_nodelay(true).expect("the stream is open");
            streams.push(stream);
        }
        streams
    }

    async fn round_trip(mut stream: TcpStream) -> TcpStream {
        let mut answer = [0; 64];
        stream.write_all(&MESSAGE).await.expect("the server listens");
        stream.read_exact(&mut answer).await.expect("the server answers");
        assert_eq!(answer, MESSAGE);
        stream
    }

    fn echo(bencher: &mut Bencher<'_>, connections: usize) {
        let runtime = runtime();
        let mut streams = runtime.block_on(connect(connections));
        bencher.iter(|| {
            runtime.block_on(async {
                let tasks: Vec<_> = streams.drain(..).map(|stream| rt::spawn(round_trip(stream))).collect();
                for task in tasks {
                    streams.push(task.await.expect("the task ends"));
                }
            })
        });
    }

    pub(super) fn tcp_echo_1(bencher: &mut Bencher<'_>) {
        echo(bencher, 1);
    }

    pub(super) fn tcp_echo_64(bencher: &mut Bencher<'_>) {
        echo(bencher, 64);
    }
}

heist_benches::compare!(tcp_echo_1, tcp_echo_64);
