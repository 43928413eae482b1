//! What a round trip of 64 bytes over loopback costs, and a connection that is made for one.
//!
//! Client and server share the runtime, so a figure holds both sides. A server alone, under load from another process, is
//! what `measure echo` looks at.

use heist_benches::Bencher;

const MESSAGE: [u8; 64] = [7; 64];
const ROUNDS: usize = 20;

heist_benches::arms_with_smol! {
    use rt::io::{AsyncReadExt, AsyncWriteExt};
    use rt::net::{TcpListener, TcpStream};

    async fn serve(listener: TcpListener) {
        while let Ok((mut stream, _)) = listener.accept().await {
            drop(rt::spawn(async move {
                let mut message = MESSAGE;
                stream.set_nodelay(true).expect("the stream is open");
                while stream.read_exact(&mut message).await.is_ok() {
                    stream.write_all(&message).await.expect("the client listens");
                }
            }));
        }
    }

    async fn bind() -> std::net::SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("the listener is bound");
        drop(rt::spawn(serve(listener)));
        address
    }

    async fn round_trips(mut stream: TcpStream, rounds: usize) -> TcpStream {
        let mut answer = [0; 64];
        for _ in 0..rounds {
            stream.write_all(&MESSAGE).await.expect("the server listens");
            stream.read_exact(&mut answer).await.expect("the server answers");
            assert_eq!(answer, MESSAGE);
        }
        stream
    }

    async fn connect(address: std::net::SocketAddr) -> TcpStream {
        let stream = TcpStream::connect(address).await.expect("the server accepts");
        stream.set_nodelay(true).expect("the stream is open");
        stream
    }

    fn echo(bencher: &mut Bencher<'_>, connections: usize) {
        let runtime = runtime();
        let mut streams = runtime.block_on(async {
            let address = bind().await;
            let mut streams = Vec::new();
            for _ in 0..connections {
                streams.push(connect(address).await);
            }
            streams
        });
        bencher.per(connections * ROUNDS).iter(|| {
            let tasks: Vec<_> = streams.drain(..).map(|stream| runtime.spawn(round_trips(stream, ROUNDS))).collect();
            for task in tasks {
                streams.push(runtime.block_on(task).expect("the task ends"));
            }
        });
    }

    pub(super) fn tcp_echo_1(bencher: &mut Bencher<'_>) {
        echo(bencher, 1);
    }

    pub(super) fn tcp_echo_64(bencher: &mut Bencher<'_>) {
        echo(bencher, 64);
    }

    /// Connect, one round trip, close.
    pub(super) fn tcp_connect(bencher: &mut Bencher<'_>) {
        let runtime = runtime();
        let address = runtime.block_on(bind());
        bencher.iter_custom(|rounds| {
            let task = runtime.spawn(async move {
                let started = std::time::Instant::now();
                for _ in 0..rounds {
                    drop(round_trips(connect(address).await, 1).await);
                }
                started.elapsed()
            });
            runtime.block_on(task).expect("the task ends")
        });
    }
}

heist_benches::arms! {
    use rt::io::{AsyncReadExt, AsyncWriteExt};
    use rt::net::{UdpSocket, UnixStream};

    async fn udp() {
        let [one, two] = [UdpSocket::bind("127.0.0.1:0").await, UdpSocket::bind("127.0.0.1:0").await];
        let (one, two) = (one.expect("a port is free"), two.expect("a port is free"));
        one.connect(two.local_addr().expect("it is bound")).await.expect("it is there");
        two.connect(one.local_addr().expect("it is bound")).await.expect("it is there");
        let other = rt::spawn(async move {
            let mut message = MESSAGE;
            for _ in 0..ROUNDS {
                two.recv(&mut message).await.expect("the socket is open");
                two.send(&message).await.expect("the socket is open");
            }
        });
        let mut answer = MESSAGE;
        for _ in 0..ROUNDS {
            one.send(&answer).await.expect("the socket is open");
            one.recv(&mut answer).await.expect("the socket is open");
        }
        other.await.expect("the task ends");
    }

    /// Two sockets are made for each 20 round trips.
    pub(super) fn udp_echo(bencher: &mut Bencher<'_>) {
        on_worker(bencher.per(ROUNDS), udp);
    }

    async fn unix() {
        let (mut one, mut two) = UnixStream::pair().expect("two descriptors are free");
        let other = rt::spawn(async move {
            let mut message = MESSAGE;
            while two.read_exact(&mut message).await.is_ok() {
                two.write_all(&message).await.expect("the other side listens");
            }
        });
        let mut answer = MESSAGE;
        for _ in 0..ROUNDS {
            one.write_all(&MESSAGE).await.expect("the other side listens");
            one.read_exact(&mut answer).await.expect("the other side answers");
        }
        drop(one);
        other.await.expect("the task ends");
    }

    /// A pair is made for each 20 round trips.
    pub(super) fn unix_echo(bencher: &mut Bencher<'_>) {
        on_worker(bencher.per(ROUNDS), unix);
    }
}

heist_benches::compare!(
    udp_echo, unix_echo;
    with smol: tcp_echo_1, tcp_echo_64, tcp_connect
);
