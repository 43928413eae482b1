//! `try_join!`: all values, or the first error and nothing more.

#![cfg(feature = "macros")]
#![deny(unused, unreachable_code, unreachable_patterns)]

mod macros_kit;

use std::convert::Infallible;
use std::future::ready;
use std::pin::pin;
use std::task::Poll;

use heist::try_join;
use macros_kit::{Into, Log, finish, poll};

type Outcome<T> = Result<T, &'static str>;

#[test]
fn all_values_come_in_the_order_written() {
    let log = Log::default();
    let mut future = pin!(async {
        try_join!(biased; log.probe("a", 1, Outcome::Ok('a')), log.probe("b", 0, Ok(2)), log.probe("c", 1, Ok("c")))
    });
    assert!(poll(future.as_mut()).is_pending());
    assert_eq!(log.take(), "a? b! ~b c?");
    assert_eq!(poll(future.as_mut()), Poll::Ready(Ok(('a', 2, "c"))));
    assert_eq!(log.take(), "a! ~a c! ~c");
}

#[test]
fn the_first_error_ends_it_and_drops_the_rest_unpolled() {
    let log = Log::default();
    let mut future = pin!(async {
        let joined = try_join!(
            biased;
            log.probe("a", 0, Outcome::Ok(1)),
            log.probe("b", 1, Outcome::Ok(2)),
            log.probe("c", 1, Outcome::<u32>::Err("broken")),
            log.probe("d", 1, Outcome::<u32>::Err("later")),
        );
        log.add("after");
        joined
    });
    assert!(poll(future.as_mut()).is_pending());
    assert_eq!(log.take(), "a! ~a b? c? d?");
    assert_eq!(poll(future.as_mut()), Poll::Ready(Err("broken")));
    assert_eq!(log.take(), "b! ~b c! ~c ~d after");
}

#[test]
fn an_error_in_the_first_poll_needs_no_second() {
    let log = Log::default();
    let mut future =
        pin!(async { try_join!(biased; async { Outcome::<()>::Err("no") }, log.probe("a", 0, Ok(()))) });
    assert_eq!(poll(future.as_mut()), Poll::Ready(Err("no")));
    assert_eq!(log.take(), "~a");
}

#[test]
fn another_future_is_first_each_time() {
    let log = Log::default();
    let ok = Outcome::Ok(());
    let joined = finish(async {
        try_join!(
            log.probe("1", 3, ok),
            log.probe("2", 3, ok),
            log.probe("3", 3, ok)
        )
    });
    assert_eq!(joined, Ok(((), (), ())));
    assert_eq!(log.take(), "1? 2? 3? 2? 3? 1? 3? 1? 2? 1! ~1 2! ~2 3! ~3");
}

#[test]
fn one_none_and_trailing_commas() {
    finish(async {
        let none: Outcome<()> = try_join!();
        assert_eq!(none, Ok(()));
        let none: Outcome<()> = try_join!(biased;);
        assert_eq!(none, Ok(()));
        assert_eq!(try_join!(async { Outcome::Ok(1) }), Ok((1,)));
        assert_eq!(try_join!(async { Outcome::Ok(1) },), Ok((1,)));
        assert_eq!(
            try_join!(biased; async { Outcome::Ok(1) }, async { Ok(2) },),
            Ok((1, 2))
        );
        assert_eq!(try_join!(Into(Outcome::Ok(3)), &mut ready(Ok(4))), Ok((3, 4)));
    });
}

#[test]
fn the_question_mark_takes_the_error_on() {
    async fn sum(a: &str, b: &str) -> Result<u32, Box<dyn std::error::Error>> {
        let (a, b) = try_join!(async { a.parse::<u32>() }, async { b.parse::<u32>() })?;
        Ok(a + b)
    }
    assert_eq!(finish(sum("1", "2")).unwrap(), 3);
    assert_eq!(
        finish(sum("1", "b")).unwrap_err().to_string(),
        "invalid digit found in string"
    );
}

#[test]
fn types_need_not_be_clone_or_debug_or_inhabited() {
    struct Plain(u32);
    let joined = finish(async {
        try_join!(
            async { Ok::<_, Plain>(Plain(1)) },
            async { Ok(Plain(2)) },
            async { Ok::<_, Plain>(()) }
        )
    });
    let Ok((a, b, ())) = joined else {
        panic!("none of them fails")
    };
    assert_eq!((a.0, b.0), (1, 2));
    let Ok(never_fails) = finish(async { try_join!(async { Ok::<_, Infallible>(1) }, async { Ok(2) }) });
    assert_eq!(never_fails, (1, 2));
    let Err(always_fails) = finish(async { try_join!(async { Err::<Infallible, _>(3) }) });
    assert_eq!(always_fails, 3);
}

#[cfg(target_pointer_width = "64")]
#[test]
fn the_future_is_not_larger_than_its_parts_need() {
    let one = async { try_join!(ready(Outcome::Ok(0_u64))) };
    let two = async { try_join!(biased; ready(Outcome::Ok(0_u64)), ready(Ok(0_u64))) };
    let part = size_of_val(&ready(Outcome::Ok(0_u64)));
    let sizes = [size_of_val(&one), size_of_val(&two)];
    assert!(
        sizes[0] <= 2 * part + 24 && sizes[1] <= 4 * part + 24,
        "{sizes:?} of {part}"
    );
    assert_eq!((finish(one), finish(two)), (Ok((0,)), Ok((0, 0))));
}
