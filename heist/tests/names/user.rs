//! A crate that has heist, but nothing under that name. Built by `macros_names.rs`.
#![cfg(test)]
#![deny(unused)]

use std::future::{pending, ready};

use runtime as tokio;

#[runtime::main(flavor = "current_thread")]
async fn renamed_in_the_manifest() -> u32 {
    runtime::spawn(async { 1 }).await.unwrap()
}

#[tokio::main(worker_threads = 1)]
async fn renamed_by_use() -> u32 {
    tokio::spawn(async { 2 }).await.unwrap()
}

#[facade::rt::main(flavor = "local", unhandled_panic = "ignore")]
async fn re_exported() -> u32 {
    facade::rt::task::spawn_local(async { 3 }).await.unwrap()
}

#[facade::deep::main(flavor = "current_thread", name = "deep")]
async fn re_exported_by_a_glob() -> u32 {
    facade::deep::spawn(async { 4 }).await.unwrap()
}

#[facade::start(crate = "facade::rt")]
async fn re_exported_alone() -> u32 {
    facade::rt::spawn(async { 5 }).await.unwrap()
}

mod bare {
    use runtime::main;

    #[main(crate = "runtime", flavor = "current_thread")]
    pub(super) async fn entry() -> u32 {
        runtime::spawn(async { 6 }).await.unwrap()
    }
}

#[test]
fn functions() {
    let numbers = [
        renamed_in_the_manifest(),
        renamed_by_use(),
        re_exported(),
        re_exported_by_a_glob(),
        re_exported_alone(),
        bare::entry(),
    ];
    assert_eq!(numbers, [1, 2, 3, 4, 5, 6]);
}

#[runtime::test]
async fn a_test_renamed_in_the_manifest() {
    runtime::spawn(async {}).await.unwrap();
}

#[facade::rt::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_test_re_exported() {
    facade::rt::spawn(async {}).await.unwrap();
}

/// One module for each way to write the macros' names.
macro_rules! under_each_name {
    ($($module:ident: $($heist:ident)::+;)*) => {$(
        mod $module {
            use super::*;

            $($heist)::+::task_local! {
                static NUMBER: u32;
            }

            #[runtime::test]
            async fn macros() {
                $($heist)::+::pin! {
                    let three = async { 3 };
                }
                let selected = $($heist)::+::select! {
                    number = &mut three => number,
                    _ = pending::<()>() => 0,
                    else => 1,
                };
                assert_eq!(selected, 3);
                assert_eq!($($heist)::+::join!(ready(1), async { 2 }), (1, 2));
                let tried: Result<(u32, u32), String> = $($heist)::+::try_join!(async { Ok(1) }, ready(Ok(2)));
                assert_eq!(tried, Ok((1, 2)));
                assert_eq!(NUMBER.scope(4, async { NUMBER.get() }).await, 4);
            }
        }
    )*};
}

under_each_name! {
    manifest: runtime;
    by_use: tokio;
    through_a_facade: facade::rt;
    through_a_glob: facade::deep;
}

mod imported {
    use std::future::ready;

    use runtime::{join, pin, select, try_join};

    #[runtime::test]
    async fn macros() {
        let one = async { 1 };
        pin!(one);
        assert_eq!(select! { number = one => number }, 1);
        assert_eq!(join!(ready(1), ready(2)), (1, 2));
        assert_eq!(try_join!(ready(Ok::<_, ()>(1))), Ok((1,)));
    }
}

#[runtime::test]
async fn within_a_macro_of_another_crate() {
    assert_eq!(facade::first!(ready(7), ready(8)), 7);
}
