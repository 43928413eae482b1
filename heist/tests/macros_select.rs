//! `select!`: the exact history of its futures, its control flow, and what may be written in it.

#![cfg(feature = "macros")]
#![deny(unused, unreachable_code, unreachable_patterns)]

mod macros_kit;

use std::future::{pending, poll_fn, ready};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use heist::select;
use macros_kit::{Into, Log, Wakes, finish, poll, step};

#[test]
fn the_losers_are_dropped_before_the_handler_runs() {
    let log = Log::default();
    let mut future = pin!(async {
        select! {
            biased;
            n = log.probe("a", 2, 1) => { log.add("handler"); n }
            n = log.probe("b", 1, 2) => { log.add("handler"); n }
            n = log.probe("c", 0, 3), if false => { log.add("handler"); n }
        }
    });
    assert_eq!(log.take(), "");
    assert_eq!(poll(future.as_mut()), Poll::Pending);
    assert_eq!(log.take(), "a? b?");
    assert_eq!(poll(future.as_mut()), Poll::Ready(2));
    assert_eq!(log.take(), "a? b! ~a ~b ~c handler");
}

#[test]
fn preconditions_come_first_and_expressions_of_disabled_branches_are_evaluated() {
    let log = Log::default();
    let evaluate = |name| {
        log.add(name);
        log.probe(name, 0, ())
    };
    let ask = |name, answer| {
        log.add(name);
        answer
    };
    finish(async {
        select! {
            biased;
            () = evaluate("a"), if ask("a-enabled", false) => unreachable!("its precondition is false"),
            () = evaluate("b") => log.add("handler"),
            () = evaluate("c"), if ask("c-enabled", true) => unreachable!("b comes before it"),
        }
    });
    assert_eq!(log.take(), "a-enabled c-enabled a b c b! ~a ~b ~c handler");
}

#[test]
fn an_output_that_does_not_match_disables_its_branch() {
    let log = Log::default();
    let mut future = pin!(async {
        select! {
            biased;
            Some(n) = log.probe("a", 0, None) => n,
            Some(n) = log.probe("b", 2, Some(5)) => n,
        }
    });
    assert_eq!(poll(future.as_mut()), Poll::Pending);
    assert_eq!(log.take(), "a! b?");
    assert_eq!(poll(future.as_mut()), Poll::Pending);
    assert_eq!(log.take(), "b?");
    assert_eq!(poll(future.as_mut()), Poll::Ready(5));
    assert_eq!(log.take(), "b! ~a ~b");
}

#[test]
fn else_runs_when_nothing_matches_and_after_the_futures_are_gone() {
    let log = Log::default();
    let n = finish(async {
        select! {
            biased;
            Some(n) = log.probe("a", 1, None::<u32>) => n,
            Ok(n) = log.probe("b", 0, Err::<u32, ()>(())) => n,
            _ = log.probe("c", 0, ()), if false => 3,
            else => { log.add("else"); 4 }
        }
    });
    assert_eq!((n, log.take().as_str()), (4, "a? b! a! ~a ~b ~c else"));
    assert_eq!(
        finish(async {
            select! { else => 1 }
        }),
        1
    );
    assert_eq!(
        finish(async {
            select! { biased; else => 2 }
        }),
        2
    );
}

#[test]
#[should_panic(expected = "all branches are disabled and there is no else branch")]
fn without_else_it_panics_when_all_are_disabled() {
    finish(async {
        select! {
            Some(()) = ready(None) => {}
            _ = pending::<()>(), if false => {}
        }
    });
}

#[test]
fn the_panic_names_the_line_of_the_select() {
    let (sender, locations) = std::sync::mpsc::channel();
    let (me, before) = (std::thread::current().id(), std::panic::take_hook());
    std::panic::set_hook(Box::new(move |info| {
        if std::thread::current().id() == me {
            let at = info.location().expect("a panic has a location");
            sender
                .send((at.file().to_owned(), at.line()))
                .expect("the test waits for the location");
        } else {
            before(info);
        }
    }));
    let line = line!() + 2;
    let select = async {
        select! { () = ready(()), if false => {} }
    };
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| finish(select)));
    assert!(panicked.is_err());
    assert_eq!(locations.recv().unwrap(), (file!().to_owned(), line));
}

#[test]
fn handlers_belong_to_the_function_around() {
    async fn question() -> Result<u32, String> {
        select! {
            result = ready("x".parse::<u32>()) => { Ok(result.map_err(|error| error.to_string())?) }
        }
    }
    async fn early() -> u32 {
        let n: u32 = select! {
            n = pending() => n,
            _ = ready(()) => return 9,
        };
        n + 1
    }
    async fn question_in_the_expression(text: &str) -> Result<u32, std::num::ParseIntError> {
        Ok(select! { n = ready(text.parse::<u32>()?) => n })
    }
    assert_eq!(finish(question()).unwrap_err(), "invalid digit found in string");
    assert_eq!(finish(early()), 9);
    assert!(finish(question_in_the_expression("y")).is_err());
    assert_eq!(finish(question_in_the_expression("3")), Ok(3));
}

#[test]
fn break_and_continue_reach_the_loops_around() {
    let visited = finish(async {
        let mut visited = Vec::new();
        'outer: for round in 0.. {
            let mut turn = 0;
            loop {
                turn += 1;
                visited.push((round, turn));
                select! {
                    biased;
                    _ = ready(()), if turn < 2 => continue,
                    _ = ready(()), if round == 0 => continue 'outer,
                    _ = ready(()), if round == 1 => break,
                    value = async { select! { _ = step() => 7 } } => {
                        visited.push((value, 0));
                        break 'outer;
                    }
                }
            }
        }
        visited
    });
    assert_eq!(visited, [(0, 1), (0, 2), (1, 1), (1, 2), (2, 1), (2, 2), (7, 0)]);
    let value = finish(async {
        let mut turns = 0;
        loop {
            select! {
                _ = step(), if turns < 3 => { turns += 1; continue }
                else => break turns * 10,
            }
        }
    });
    assert_eq!(value, 30);
}

#[test]
fn handlers_may_borrow_what_the_futures_did() {
    async fn add(value: &mut u32, n: u32) {
        *value += n;
    }
    let mut value = 0;
    finish(async {
        select! {
            biased;
            () = pending() => value += 100,
            () = add(&mut value, 1) => value += 10,
            else => value += 1000,
        }
    });
    assert_eq!(value, 11);
}

#[test]
fn one_future_across_turns_is_polled_on() {
    let log = Log::default();
    let (output, ticks) = finish(async {
        let job = log.probe("job", 2, "done");
        heist::pin!(job);
        let (mut output, mut ticks) = (None, 0);
        while ticks < 4 || output.is_none() {
            select! {
                biased;
                out = &mut job, if output.is_none() => output = Some(out),
                _ = step(), if ticks < 4 => ticks += 1,
            }
        }
        (output, ticks)
    });
    assert_eq!((output, ticks), (Some("done"), 4));
    assert_eq!(log.take(), "job? job? job! ~job");
}

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
fn values_that_are_moved_into_the_handler_are_dropped_there() {
    let log = Log::default();
    struct Value<'a>(&'a Log);
    impl Drop for Value<'_> {
        fn drop(&mut self) {
            self.0.add("~value");
        }
    }
    finish(async {
        select! {
            biased;
            Some(_) = async { None::<Value<'_>> } => {}
            (Some(value), _) = async { (Some(Value(&log)), 1) } => { log.add("handler"); drop(value); log.add("after") }
        }
    });
    assert_eq!(log.take(), "handler ~value after");
    finish(async {
        select! {
            (None, _) = async { (Some(Value(&log)), 1) } => unreachable!("the output is Some"),
            else => log.add("else"),
        }
    });
    assert_eq!(log.take(), "~value else");
}

#[test]
fn a_panicking_future_takes_the_others_with_it_once() {
    let log = Log::default();
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        finish(async {
            select! {
                biased;
                _ = log.probe("a", 9, ()) => {}
                _ = async { panic!("on purpose") } => {}
                _ = log.probe("b", 9, ()) => {}
            }
        })
    }));
    assert_eq!(*caught.unwrap_err().downcast::<&str>().unwrap(), "on purpose");
    assert_eq!(log.take(), "a? ~a ~b");
}

#[test]
fn a_panicking_handler_runs_after_the_futures_are_gone() {
    let log = Log::default();
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        finish(async {
            select! {
                biased;
                _ = log.probe("a", 9, ()) => {}
                _ = log.probe("b", 0, ()) => { log.add("handler"); panic!("on purpose") }
            }
        })
    }));
    assert!(caught.is_err());
    assert_eq!(log.take(), "a? b! ~a ~b handler");
}

#[test]
fn dropping_a_waiting_select_drops_its_futures() {
    let log = Log::default();
    let mut future = Box::pin(async {
        select! { biased; _ = log.probe("a", 9, ()) => {}, _ = log.probe("b", 9, ()) => {} }
    });
    assert!(poll(future.as_mut()).is_pending());
    drop(future);
    assert_eq!(log.take(), "a? b? ~a ~b");
}

#[test]
fn a_task_without_budget_polls_no_branch_and_is_woken() {
    let wakes = Arc::new(Wakes::default());
    let waker = Waker::from(wakes.clone());
    let mut cx = Context::from_waker(&waker);
    let mut spent = pin!(async {
        select! {
            biased;
            () = poll_fn(|_| panic!("a branch was polled without budget")) => {}
            () = ready(()) => {}
        }
    });
    heist_executor::coop::budget(|| {
        for _ in 0..heist_executor::coop::BUDGET {
            assert!(spend(&mut cx).is_ready());
        }
        assert_eq!(spent.as_mut().poll(&mut cx), Poll::Pending);
    });
    assert_eq!(wakes.count(), 1);

    fn spend(cx: &mut Context<'_>) -> Poll<()> {
        heist_executor::coop::poll_proceed(cx).map(|unit| unit.made_progress())
    }
}

#[test]
fn each_of_eight_ready_branches_wins_its_share() {
    let mut wins = [0_u32; 8];
    for _ in 0..8000 {
        let winner = finish(async {
            select! {
                _ = ready(()) => 0, _ = ready(()) => 1, _ = ready(()) => 2, _ = ready(()) => 3,
                _ = ready(()) => 4, _ = ready(()) => 5, _ = ready(()) => 6, _ = ready(()) => 7,
            }
        });
        wins[winner] += 1;
    }
    // 1000 each are expected, with a deviation of 30: these bounds are ten deviations away.
    assert!(wins.iter().all(|won| (700..1300).contains(won)), "{wins:?}");
}

#[test]
fn biased_always_takes_the_first_that_is_ready() {
    for _ in 0..100 {
        let n = finish(async {
            select! { biased; _ = pending::<()>() => 0, _ = ready(()) => 1, _ = ready(()) => 2 }
        });
        assert_eq!(n, 1);
    }
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
