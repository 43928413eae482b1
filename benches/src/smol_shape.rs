//! smol under the names that the benchmarks use, so that one source serves a third arm.
//!
//! An executor, as many threads as asked for that run it and drive async-io's reactor in turn (what smol's own global
//! executor does), and thin wrappers: a task that is dropped goes on, a receiver says `None` at the end. Absent is what
//! smol has nothing for: oneshot, watch, broadcast, Notify, join sets, `block_in_place`.

use std::cell::Cell;
use std::time::Duration;

pub use smol::io;
pub use task::spawn;

thread_local! {
    /// The executor that this thread runs tasks of, or whose `block_on` it is in.
    static CURRENT: Cell<Option<&'static smol::Executor<'static>>> = const { Cell::new(None) };
}

/// Runtimes.
pub mod runtime {
    use super::{CURRENT, task::JoinHandle};
    use std::thread;

    /// Number of threads, and no more.
    #[derive(Debug)]
    pub struct Builder {
        threads: usize,
    }

    impl Builder {
        /// A runtime of threads.
        pub fn new_multi_thread() -> Builder {
            Builder { threads: 1 }
        }

        /// How many threads run tasks.
        pub fn worker_threads(&mut self, threads: usize) -> &mut Builder {
            self.threads = threads;
            self
        }

        /// Nothing: smol starts its reactor when it is needed.
        pub fn enable_all(&mut self) -> &mut Builder {
            self
        }

        /// Starts the threads.
        ///
        /// # Errors
        /// If a thread cannot be started.
        pub fn build(&mut self) -> std::io::Result<Runtime> {
            let executor: &'static smol::Executor<'static> = Box::leak(Box::default());
            let (stop, stopped) = smol::channel::bounded::<()>(1);
            let start = |_| {
                let stopped = stopped.clone();
                thread::Builder::new().spawn(move || {
                    CURRENT.set(Some(executor));
                    // An error says that the runtime was dropped.
                    let _ = smol::block_on(executor.run(stopped.recv()));
                })
            };
            let threads = (0..self.threads).map(start).collect::<Result<_, _>>()?;
            Ok(Runtime {
                executor,
                stop,
                threads,
            })
        }
    }

    /// An executor and its threads. The executor's memory is never given back: a benchmark has one for its life.
    #[derive(Debug)]
    pub struct Runtime {
        executor: &'static smol::Executor<'static>,
        stop: smol::channel::Sender<()>,
        threads: Vec<thread::JoinHandle<()>>,
    }

    impl Runtime {
        /// Spawns a task.
        pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
        where
            F: Future<Output: Send + 'static> + Send + 'static,
        {
            JoinHandle::new(self.executor.spawn(future))
        }

        /// Runs a future on this thread.
        pub fn block_on<F: Future>(&self, future: F) -> F::Output {
            let outer = CURRENT.replace(Some(self.executor));
            let output = smol::block_on(future);
            CURRENT.set(outer);
            output
        }
    }

    impl Drop for Runtime {
        fn drop(&mut self) {
            self.stop.close();
            for thread in self.threads.drain(..) {
                thread.join().expect("a thread of the executor ends");
            }
        }
    }
}

/// Tasks.
pub mod task {
    use super::CURRENT;
    use std::convert::Infallible;
    use std::pin::Pin;
    use std::task::{Context, Poll};

    pub use smol::future::yield_now;

    /// A task that goes on when this is dropped.
    #[derive(Debug)]
    pub struct JoinHandle<T> {
        task: Option<smol::Task<T>>,
    }

    impl<T> JoinHandle<T> {
        pub(super) fn new(task: smol::Task<T>) -> Self {
            JoinHandle { task: Some(task) }
        }
    }

    impl<T> Future for JoinHandle<T> {
        type Output = Result<T, Infallible>;

        fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
            let task = self.task.as_mut().expect("taken on drop only");
            Pin::new(task).poll(context).map(Ok)
        }
    }

    impl<T> Drop for JoinHandle<T> {
        fn drop(&mut self) {
            if let Some(task) = self.task.take() {
                task.detach();
            }
        }
    }

    /// Spawns onto the executor that runs here.
    ///
    /// # Panics
    /// Outside of a runtime.
    pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        let executor = CURRENT.get().expect("within a runtime");
        JoinHandle::new(executor.spawn(future))
    }

    /// Runs a closure on smol's blocking pool.
    pub fn spawn_blocking<T: Send + 'static>(closure: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
        JoinHandle::new(smol::unblock(closure))
    }
}

/// Timers.
pub mod time {
    use super::Duration;

    /// The time was up.
    #[derive(Debug)]
    pub struct Elapsed;

    /// Waits so long.
    pub fn sleep(duration: Duration) -> impl Future<Output = ()> + Send {
        let timer = smol::Timer::after(duration);
        async move {
            timer.await;
        }
    }

    /// Waits for the future, but so long at most.
    ///
    /// # Errors
    /// If the time was up first.
    pub async fn timeout<F: Future>(duration: Duration, future: F) -> Result<F::Output, Elapsed> {
        let in_time = async { Ok(future.await) };
        let late = async {
            smol::Timer::after(duration).await;
            Err(Elapsed)
        };
        smol::future::or(in_time, late).await
    }
}

/// Locks and channels.
pub mod sync {
    pub use smol::lock::{Mutex, RwLock, Semaphore};

    /// smol's channel, which has many consumers, with one.
    pub mod mpsc {
        pub use smol::channel::Sender;

        /// The receiving end.
        #[derive(Debug)]
        pub struct Receiver<T> {
            inner: smol::channel::Receiver<T>,
        }

        impl<T> Receiver<T> {
            /// The next message, or `None` when no sender is left.
            pub async fn recv(&mut self) -> Option<T> {
                self.inner.recv().await.ok()
            }
        }

        /// A channel with room for so many messages.
        pub fn channel<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
            let (sender, inner) = smol::channel::bounded(capacity);
            (sender, Receiver { inner })
        }
    }
}

/// Sockets.
pub mod net {
    pub use smol::net::{TcpListener, TcpStream};
}
