//! 1,000 runtimes made and dropped leave no thread and no descriptor. Alone in its process, which it counts.

mod rt_kit;

use heist::runtime::{Builder, Runtime};
use rt_kit::{proc_self, wait_until};

fn make(number: usize) -> Runtime {
    match number % 4 {
        0 => Builder::new_current_thread().enable_all().build().unwrap(),
        1 => Builder::new_multi_thread().worker_threads(2).build().unwrap(),
        _ => Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap(),
    }
}

#[test]
fn a_thousand_runtimes_leave_nothing() {
    let threads = proc_self("task").len();
    let descriptors = proc_self("fd").len();
    for number in 0..1_000 {
        let runtime = make(number);
        let blocking = runtime.spawn_blocking(move || number);
        runtime.spawn(std::future::pending::<()>());
        if number % 4 != 1 {
            runtime.block_on(async {
                heist::spawn(heist::time::sleep(std::time::Duration::from_secs(3_600)));
                let listener = heist::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
                heist::spawn(async move { listener.accept().await.map(drop) });
            });
        }
        assert_eq!(runtime.block_on(blocking).unwrap(), number);
        drop(runtime);
        assert_eq!(proc_self("fd").len(), descriptors, "after runtime {number}");
    }
    // A joined thread may be listed for a moment longer.
    wait_until("all threads are gone", || proc_self("task").len() <= threads);
}
