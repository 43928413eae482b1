//! `select!`: the exact history of its futures, its control flow, its fairness.

#![cfg(feature = "macros")]
#![deny(unused, unreachable_code, unreachable_patterns)]

mod macros_kit;

use std::future::{pending, poll_fn, ready};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use heist::select;
use macros_kit::{Log, Wakes, finish, poll, step};

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
fn an_output_whose_type_nothing_says_is_inferred() {
    // Disabled or not, alone or not, in order or not: each is an expansion of its own.
    let (first, second, third) = (
        poll_fn(|_| panic!()),
        poll_fn(|_| panic!()),
        poll_fn(|_| panic!()),
    );
    let n = finish(async {
        let one = select! {
            _ = first, if false => unreachable!("its precondition is false"),
            n = ready(1) => n,
        };
        let two = select! {
            biased;
            n = ready(2) => n,
            _ = second => unreachable!("it is below a branch that is ready"),
        };
        let three = select! {
            _ = third, if false => unreachable!("its precondition is false"),
            else => 3,
        };
        [one, two, three]
    });
    assert_eq!(n, [1, 2, 3]);
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
