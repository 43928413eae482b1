//! Names, ids and the task builder.

mod rt_kit;

use heist::task::{self, Builder};
use rt_kit::{both_flavours, panic_of};

both_flavours! {
    fn spawns_where_it_is_told(runtime) {
        let other = rt_kit::multi_thread();
        let here = runtime.handle().id();
        let there = other.handle().id();
        let current = || heist::runtime::Handle::current().id();
        runtime.block_on(async {
            let builder = || Builder::new().name("named");
            assert_eq!(builder().spawn(async move { current() }).unwrap().await.unwrap(), here);
            assert_eq!(
                builder().spawn_on(async move { current() }, other.handle()).unwrap().await.unwrap(),
                there
            );
            assert_eq!(builder().spawn_blocking(current).unwrap().await.unwrap(), here);
            assert_eq!(
                builder().spawn_blocking_on(current, other.handle()).unwrap().await.unwrap(),
                there
            );
        });
    }

    fn a_task_knows_its_id(runtime) {
        let task = runtime.spawn(async { (task::id(), task::try_id()) });
        let id = task.id();
        assert_eq!(runtime.block_on(task).unwrap(), (id, Some(id)));
        let others: Vec<_> = (0..100).map(|_| runtime.spawn(async {}).id()).collect();
        assert!(!others.contains(&id));
    }
}

#[test]
fn outside_of_a_task_there_is_no_id() {
    assert_eq!(task::try_id(), None);
    let said = panic_of(task::id);
    assert!(said.contains("task"), "{said}");
}
