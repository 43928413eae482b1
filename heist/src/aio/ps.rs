//! [`current_task`], [`all_tasks`], [`ps`] and [`pstree`]: the live tasks of a runtime, as values and as text.
//!
//! ```text
//!   ID   STATE    NAME     SPAWNED AT               pstree:  1 server (waiting)
//!   1    waiting  server   src/main.rs:10:5                  ├── 2 connection (running)
//!   2    running  -        src/main.rs:14:9                  └── 3 connection (waiting)
//! ```
//!
//! Invariants
//!
//! - I1: every listed task is in the tree once: under its parent if that is listed, else at the left. A parent has been
//!   there before its child, so there is no circle.
//!
//! Deliberately absent: where in its code a task waits; a future does not know that.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use heist_executor::task::{Id, try_id};

use super::event_loop::{EventLoop, get_running_loop};
use crate::runtime::TaskInfo;

/// The task that is running. `asyncio.current_task`.
///
/// `None` outside of tasks: in the future of a `block_on` or a [`run`](super::run()), in callbacks of the loop, on the
/// blocking pool; and in the tasks of a [`LocalSet`](crate::task::LocalSet), which no runtime lists.
///
/// The task is looked for among all of the runtime. For its id alone, [`task::try_id`](crate::task::try_id) is free.
///
/// ```
/// # heist::runtime::Runtime::new().unwrap().block_on(async {
/// let task = heist::task::Builder::new().name("me").spawn(async {
///     heist::aio::current_task().unwrap().name().map(String::from)
/// });
/// assert_eq!(task.unwrap().await.unwrap().as_deref(), Some("me"));
/// assert!(heist::aio::current_task().is_none());
/// # });
/// ```
pub fn current_task() -> Option<TaskInfo> {
    let id = try_id()?;
    let event_loop = EventLoop::try_current().ok()?;
    let is_users = !event_loop.state().owns(id);
    event_loop.runtime().task(id).filter(|_| is_users)
}

/// The live tasks of the current runtime, in the order of their ids. `asyncio.all_tasks`.
///
/// Those that heist has spawned for the callbacks of the loop are not among them; see
/// [`runtime::Handle::tasks`](crate::runtime::Handle::tasks) for all.
///
/// # Panics
///
/// Outside of a runtime.
///
/// ```
/// # heist::runtime::Runtime::new().unwrap().block_on(async {
/// heist::spawn(std::future::pending::<()>());
/// let tasks = heist::aio::all_tasks();
/// assert_eq!(tasks.len(), 1);
/// tasks[0].abort_handle().abort();
/// # });
/// ```
#[track_caller]
pub fn all_tasks() -> Vec<TaskInfo> {
    get_running_loop().all_tasks()
}

/// The live tasks of the current runtime as a table: id, state, name and where each was spawned. `python -m asyncio ps`.
///
/// # Panics
///
/// Outside of a runtime.
///
/// ```
/// # heist::runtime::Runtime::new().unwrap().block_on(async {
/// let _task = heist::task::Builder::new().name("server").spawn(std::future::pending::<()>());
/// assert!(heist::aio::ps().contains("server"));
/// # });
/// ```
#[track_caller]
pub fn ps() -> String {
    get_running_loop().ps()
}

/// The live tasks of the current runtime as a tree: each under the task that has spawned it. `python -m asyncio pstree`.
///
/// # Panics
///
/// Outside of a runtime.
///
/// ```
/// # heist::runtime::Runtime::new().unwrap().block_on(async {
/// let _task = heist::task::Builder::new().name("server").spawn(std::future::pending::<()>());
/// println!("{}", heist::aio::pstree());
/// # });
/// ```
#[track_caller]
pub fn pstree() -> String {
    get_running_loop().pstree()
}

impl EventLoop {
    /// The live tasks of this loop's runtime. See [`all_tasks`].
    pub fn all_tasks(&self) -> Vec<TaskInfo> {
        let mut tasks = self.runtime().tasks();
        tasks.retain(|task| !self.state().owns(task.id()));
        tasks.sort_by_key(TaskInfo::id);
        tasks
    }

    /// The live tasks of this loop's runtime as a table. See [`ps`].
    pub fn ps(&self) -> String {
        table(&self.listed())
    }

    /// The live tasks of this loop's runtime as a tree. See [`pstree`].
    pub fn pstree(&self) -> String {
        tree(&self.listed())
    }

    /// All, heist's own too.
    fn listed(&self) -> Vec<TaskInfo> {
        let mut tasks = self.runtime().tasks();
        tasks.sort_by_key(TaskInfo::id);
        tasks
    }
}

fn table(tasks: &[TaskInfo]) -> String {
    let names = tasks.iter().map(|task| name_of(task).chars().count());
    let width = names.max().unwrap_or(0).max("NAME".len());
    let mut text = format!(
        "{:<8} {:<8} {:<8} {:<width$} SPAWNED AT\n",
        "ID", "PARENT", "STATE", "NAME"
    );
    for task in tasks {
        let parent = task.parent().map_or_else(|| "-".to_owned(), |id| id.to_string());
        let (id, state, name, place) = (task.id().as_u64(), task.state(), name_of(task), task.spawned_at());
        // Into a String: it cannot fail.
        let _ = writeln!(text, "{id:<8} {parent:<8} {state:<8} {name:<width$} {place}");
    }
    text
}

/// I1.
fn tree(tasks: &[TaskInfo]) -> String {
    let listed: BTreeSet<Id> = tasks.iter().map(TaskInfo::id).collect();
    let mut children: BTreeMap<Option<Id>, Vec<&TaskInfo>> = BTreeMap::new();
    for task in tasks {
        let parent = task.parent().filter(|parent| listed.contains(parent));
        children.entry(parent).or_default().push(task);
    }
    let of = |id: Option<Id>| children.get(&id).map_or(&[][..], Vec::as_slice);
    let mut text = String::new();
    // What is left to print, the next one last: how the lines of its children begin, and its own.
    let mut left: Vec<(&TaskInfo, String, String)> = Vec::new();
    let roots = of(None).iter().rev();
    left.extend(roots.map(|task| (*task, String::new(), String::new())));
    while let Some((task, own, below)) = left.pop() {
        let _ = writeln!(
            text,
            "{own}{} {} ({}) {}",
            task.id(),
            name_of(task),
            task.state(),
            task.spawned_at()
        );
        for (index, child) in of(Some(task.id())).iter().rev().enumerate() {
            let (branch, stem) = if index == 0 {
                ("└── ", "    ")
            } else {
                ("├── ", "│   ")
            };
            left.push((child, format!("{below}{branch}"), format!("{below}{stem}")));
        }
    }
    text
}

fn name_of(task: &TaskInfo) -> &str {
    task.name().unwrap_or("-")
}
