//! `pin!`: both forms, on futures that are not `Unpin`.

#![deny(unused)]

mod macros_kit;

use macros_kit::{Log, finish, step};

#[test]
fn variables_are_pinned_under_their_own_names() {
    let log = Log::default();
    let sum = finish(async {
        let a = log.probe("a", 1, 1);
        let b = log.probe("b", 0, 2);
        heist::pin!(a, b);
        let sum = (&mut b).await + (&mut a).await;
        log.add("end");
        sum
    });
    assert_eq!(sum, 3);
    assert_eq!(log.take(), "b! a? a! end ~b ~a");
}

#[test]
fn let_statements_declare_and_pin() {
    let log = Log::default();
    let sum = finish(async {
        heist::pin! {
            let a = log.probe("a", 0, 1);
            let b = async { step().await; 2 };
        }
        a.await + b.await
    });
    assert_eq!(sum, 3);
    assert_eq!(log.take(), "a! ~a");
}

#[test]
fn nothing_one_and_a_trailing_comma() {
    heist::pin!();
    let a = std::future::ready(1);
    heist::pin!(a,);
    assert_eq!(finish(a), 1);
}

#[test]
fn it_works_under_another_name() {
    use heist as rt;
    let f = async { 1 };
    rt::pin!(f);
    assert_eq!(finish(f), 1);
}
