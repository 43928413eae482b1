//! The list of a runtime's live tasks: what `ps` prints.
//!
//! Invariants
//!
//! - I1: listing takes no part in the tasks' lives: it clones references shard by shard, under the shard's lock, and looks
//!   at names and states after it. No task is polled, woken or dropped by it.
//!
//! Absent on purpose: one moment for all of them. Tasks come and go while the list is made.

use heist_executor::task::{Id, TaskInfo};

use super::handle::{Handle, Scheduler};

impl Handle {
    /// The tasks of this runtime that are live, in no order: spawned, and not yet ended.
    ///
    /// Among them are heist's own, such as the one that runs the callbacks of [`aio::EventLoop`](crate::aio::EventLoop).
    /// Not among them are futures of `block_on`, closures of the blocking pool, and tasks of a
    /// [`LocalSet`](crate::task::LocalSet) or a [`LocalRuntime`](super::LocalRuntime)'s `spawn_local`.
    ///
    /// It costs nothing as long as it is not called; a call looks at every task.
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// let runtime = heist::runtime::Runtime::new()?;
    /// let handle = runtime.handle();
    /// heist::task::Builder::new().name("server").spawn_on(std::future::pending::<()>(), handle)?;
    /// for task in handle.tasks() {
    ///     println!("{} {:?} {} {}", task.id(), task.name(), task.state(), task.spawned_at());
    ///     assert_eq!(task.name(), Some("server"));
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn tasks(&self) -> Vec<TaskInfo> {
        match &self.shared.scheduler {
            Scheduler::CurrentThread(scheduler) => scheduler.tasks(),
            Scheduler::MultiThread(scheduler) => scheduler.tasks(),
        }
    }

    /// The live task of this runtime with this id, as [`tasks`](Self::tasks) would list it.
    ///
    /// It is looked for among all of them.
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// let runtime = heist::runtime::Runtime::new()?;
    /// let task = runtime.spawn(std::future::pending::<()>());
    /// assert_eq!(runtime.handle().task(task.id()).unwrap().id(), task.id());
    /// # Ok(())
    /// # }
    /// ```
    pub fn task(&self, id: Id) -> Option<TaskInfo> {
        match &self.shared.scheduler {
            Scheduler::CurrentThread(scheduler) => scheduler.task(id),
            Scheduler::MultiThread(scheduler) => scheduler.task(id),
        }
    }

    /// Whether threads run this runtime's tasks now.
    pub(crate) fn is_running(&self) -> bool {
        match &self.shared.scheduler {
            Scheduler::CurrentThread(scheduler) => scheduler.is_driven(),
            Scheduler::MultiThread(scheduler) => !scheduler.is_closed(),
        }
    }
}
