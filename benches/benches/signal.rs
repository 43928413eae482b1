//! What a signal costs that ten listeners hear.

use heist_benches::Bencher;
use rustix::process::{Signal, getpid, kill_process};

const LISTENERS: usize = 10;

heist_benches::arms! {
    use rt::signal::unix::{SignalKind, signal};
    use rt::sync::mpsc;

    pub(super) fn signal_to_10(bencher: &mut Bencher<'_>) {
        let runtime = rt::runtime::Builder::new_current_thread().enable_all().build().expect("the runtime starts");
        let (heard, mut all) = mpsc::channel(LISTENERS);
        runtime.block_on(async {
            for _ in 0..LISTENERS {
                let mut listener = signal(SignalKind::user_defined1()).expect("the signal can be caught");
                let heard = heard.clone();
                drop(rt::spawn(async move {
                    while listener.recv().await.is_some() {
                        heard.send(()).await.expect("somebody counts");
                    }
                }));
            }
        });
        bencher.iter(|| {
            runtime.block_on(async {
                kill_process(getpid(), Signal::USR1).expect("this process is there");
                for _ in 0..LISTENERS {
                    all.recv().await.expect("the listeners are there");
                }
            })
        });
    }
}

heist_benches::compare!(signal_to_10);
