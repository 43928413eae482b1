//! `select!`: what may be written in it, and what its future is like.

#![cfg(feature = "macros")]
#![deny(unused, unreachable_code, unreachable_patterns)]

mod macros_kit;

use std::future::{pending, ready};

use heist::select;
use macros_kit::{Into, Log, finish, step};

#[test]
fn expressions_may_be_any_into_future_and_their_temporaries_live() {
    assert_eq!(
        finish(async {
            select! { n = Into(3) => n }
        }),
        3
    );
    assert_eq!(
        finish(async {
            select! { n = &mut ready(4) => n, n = Into(4) => n }
        }),
        4
    );
    assert_eq!(
        finish(async {
            select! { n = std::pin::pin!(async { 5 }) => n }
        }),
        5
    );
}

#[test]
fn patterns_of_every_kind() {
    #[derive(Clone)]
    struct Point {
        x: i32,
        y: String,
    }
    let point = Point { x: 1, y: "y".into() };
    let texts = finish(async {
        let (mut texts, mut seven) = (Vec::new(), 7);
        select! { mut a = ready(1) => { a += 1; texts.push(a.to_string()) } }
        select! { Some(ref mut a) = ready(Some(1)) => { *a += 2; texts.push(a.to_string()) } }
        select! { Some(ref a) = ready(Some("ref")) => texts.push(a.to_string()) }
        select! { Some(&a) = ready(Some(&4)) => texts.push(a.to_string()) }
        select! { &(a, &b) = ready(&(5, &6)) => texts.push(format!("{a}{b}")) }
        select! { &mut a = ready(&mut seven) => texts.push(a.to_string()) }
        select! { Ok(a) | Err(a) = ready(Err::<i32, i32>(8)) => texts.push(a.to_string()) }
        select! { | Ok(a) | Err(a) = ready(Ok::<i32, i32>(9)) => texts.push(a.to_string()) }
        select! { all @ (_, 1..=5) = ready((0, 3)) => texts.push(format!("{all:?}")) }
        select! { Point { x, ref y } = ready(point.clone()) => texts.push(format!("{x}{y}")) }
        select! { Point { x: 2, mut y } = ready(point.clone()) => y.clear(), else => texts.push("no".into()) }
        select! { [first, .., last] = ready([1, 2, 3]) => texts.push(format!("{first}{last}")) }
        select! { "text" = ready("text") => texts.push("text".into()) }
        select! { None = ready(None::<String>) => texts.push("none".into()) }
        select! { i32::MIN | 10 = ready(10) => texts.push("ten".into()), else => {} }
        texts
    });
    let expected = [
        "2", "3", "ref", "4", "56", "7", "8", "9", "(0, 3)", "1y", "no", "13", "text", "none", "ten",
    ];
    assert_eq!(texts, expected);
}

#[test]
fn handlers_in_braces_need_no_comma() {
    let n = finish(async {
        select! {
            _ = pending::<()>() => {}
            _ = pending::<()>() => {},
            _ = pending::<()>() => (),
            _ = ready(()), if true => {}
            else => {}
        }
        select! { n = ready(1) => n }
    });
    assert_eq!(n, 1);
}

#[test]
fn names_of_the_user_are_not_seen_by_the_expansion() {
    let (chain, rest, output, cx) = (1, 2, 3, 4);
    let (disabled, pending, init0, future0, first, step) = (5, 6, 7, 8, 9, 10);
    let sum = finish(async {
        select! {
            output = ready(output + chain + rest), if disabled == 5 && pending == 6 => {
                output + cx + init0 + future0 + first + step
            }
            next = ready(chain) => next + 43,
        }
    });
    assert_eq!(sum, 44);
}

#[test]
fn it_works_under_other_names_and_inside_other_macros() {
    mod nested {
        pub(crate) mod again {
            pub(crate) use heist;
        }
    }
    use heist as rt;
    macro_rules! either {
        ($pattern:pat = $future:expr, $enabled:expr, $handler:block, $other:expr) => {
            rt::select! {
                biased;
                $pattern = $future, if $enabled => $handler
                _ = ready(()) => $other,
            }
        };
    }
    assert_eq!(
        finish(async {
            nested::again::heist::select! { n = ready(1) => n }
        }),
        1
    );
    assert_eq!(
        finish(async { either!(Some(n) = ready(Some(2)), 1 < 2, { n + 1 }, 9) }),
        3
    );
    assert_eq!(
        finish(async { either!(Some(n) = ready(Some(2)), 1 > 2, { n + 1 }, 9) }),
        9
    );
}

#[test]
fn a_branch_that_never_returns_gives_no_warnings() {
    async fn never() -> ! {
        pending().await
    }
    let n = finish(async {
        select! {
            _ = never() => 0,
            n = ready(1) => n,
            _ = pending::<std::convert::Infallible>() => 2,
        }
    });
    assert_eq!(n, 1);
}

#[test]
fn futures_of_send_parts_are_send() {
    fn is_send<T: Send>(value: T) -> T {
        value
    }
    let text = String::from("text");
    let future = is_send(async {
        select! { _ = step() => text.len(), n = pending::<usize>(), if text.is_empty() => n }
    });
    assert_eq!(finish(future), 4);
}

#[cfg(target_pointer_width = "64")]
#[test]
fn the_future_is_not_larger_than_its_parts_need() {
    let one = async {
        select! { _ = ready(0_i32) => {} }
    };
    let two = async {
        select! { _ = ready(0_i32) => {}, _ = ready(0_i32) => {} }
    };
    let three = async {
        select! { _ = ready(0_i32) => {}, _ = ready(0_i32) => {}, _ = ready(0_i32) => {} }
    };
    // 8 bytes a future, one pinned reference, the mask and the state of the coroutine.
    let sizes = [size_of_val(&one), size_of_val(&two), size_of_val(&three)];
    assert!(sizes[0] <= 32 && sizes[1] <= 40 && sizes[2] <= 48, "{sizes:?}");
    for future in [finish(one), finish(two), finish(three)] {
        let () = future;
    }
}

macro_rules! sixty_four {
    ($probe:ident: $($branch:tt)*) => {
        select! {
            biased;
            $( n = $probe($branch), if $branch != 3 => n, )*
        }
    };
}

#[test]
fn sixty_four_branches() {
    let log = Log::default();
    let probe = |n: usize| {
        let log = log.clone();
        async move {
            log.add(n);
            if n == 63 { n } else { pending().await }
        }
    };
    let n = finish(async {
        sixty_four!(probe: 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32
            33 34 35 36 37 38 39 40 41 42 43 44 45 46 47 48 49 50 51 52 53 54 55 56 57 58 59 60 61 62 63)
    });
    assert_eq!(n, 63);
    let expected: Vec<String> = (0..64).filter(|&n| n != 3).map(|n| n.to_string()).collect();
    assert_eq!(log.take(), expected.join(" "));
}
