//! Medians, quartiles and ratios; what is read is what was written.

use heist_benches::report::plan::{Line, Target, lines_of, topic_of, topic_title};
use heist_benches::report::run::{Row, order, read_row};
use heist_benches::report::store;
use heist_benches::report::summary::{Samples, Summary, Verdict, geometric_mean, median, quantile};
use heist_benches::report::{host, summary::Figures};
use std::collections::BTreeMap;

fn figures(pairs: &[(&str, f64)]) -> Figures {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), *value))
        .collect()
}

/// A row whose rounds gave these figures to heist and to tokio.
fn samples(name: &str, rounds: &[(f64, f64)]) -> Samples {
    let round = |(heist, tokio): &(f64, f64)| {
        BTreeMap::from([
            ("heist".to_owned(), figures(&[(name, *heist), ("switches", 0.5)])),
            ("tokio".to_owned(), figures(&[(name, *tokio), ("switches", 0.25)])),
        ])
    };
    Samples {
        date: "2026-11-22".to_owned(),
        commit: "0123456789".to_owned(),
        rounds: rounds.iter().map(round).collect(),
    }
}

fn only_line(row: &str) -> Line {
    let lines = lines_of(row);
    assert_eq!(lines.len(), 1, "{lines:?}");
    lines.into_iter().next().expect("there is one")
}

#[test]
fn quantiles_are_in_proportion_between_two_values() {
    assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
    assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
    assert_eq!(quantile(&[1.0, 2.0, 3.0, 4.0, 5.0], 0.25), 2.0);
    assert_eq!(quantile(&[1.0, 2.0], 0.75), 1.75);
    assert_eq!(median(&[7.0]), 7.0);
    assert!(median(&[]).is_nan());
    assert_eq!(median(&[f64::INFINITY, f64::INFINITY, 1.0]), f64::INFINITY);
}

#[test]
fn the_mean_of_ratios_is_geometric() {
    let mean = geometric_mean(&[2.0, 0.5, 4.0, 0.25]);
    assert!((mean - 1.0).abs() < 1e-12, "{mean}");
    let mean = geometric_mean(&[1.0, 8.0]);
    assert!((mean - 8f64.sqrt()).abs() < 1e-12, "{mean}");
}

#[test]
fn a_ratio_is_the_median_of_the_rounds_ratios_and_not_of_medians() {
    let summary = samples("ns", &[(1.0, 4.0), (10.0, 10.0), (100.0, 300.0)]).summary();
    assert_eq!(summary.rounds, 3);
    assert_eq!(summary.figure("heist", "ns"), Some(10.0));
    assert_eq!(summary.figure("tokio", "ns"), Some(10.0));
    let line = only_line("spawn/chained_spawn");
    assert_eq!(summary.ahead(&line), Some([2.0, 3.0, 3.5]));
}

#[test]
fn where_more_is_better_the_ratio_is_turned_round() {
    let summary = samples("requests_per_s", &[(100.0, 50.0), (100.0, 50.0), (100.0, 200.0)]).summary();
    let line = lines_of("program/echo_64")
        .into_iter()
        .find(|line| line.more_is_better);
    let line = line.expect("requests a second");
    let [low, ratio, high] = summary.ahead(&line).expect("there are figures");
    assert_eq!((ratio, high), (2.0, 2.0));
    assert!(low < ratio, "{low}");
    let switches = lines_of("program/echo_64")
        .into_iter()
        .find(|line| line.figure == "switches");
    let switches = switches.expect("the switches are a line");
    assert_eq!(summary.ahead(&switches).map(|ahead| ahead[1]), Some(0.5));
    assert_eq!(summary.verdict(&switches), Some(Verdict::Behind));
}

#[test]
fn nothing_by_nothing_is_even() {
    let summary = samples("wake_ups_per_s", &[(0.0, 0.0), (0.0, 0.0), (0.0, 0.0)]).summary();
    let line = only_line("program/idle");
    assert_eq!(summary.ahead(&line), Some([1.0; 3]));
    assert_eq!(summary.verdict(&line), Some(Verdict::Reached));
    assert_eq!(summary.target_ratio(&line), Some(1.0));
}

#[test]
fn a_verdict_needs_both_the_target_and_tokio() {
    let verdict = |row: &str, name: &str, heist: f64, tokio: f64| {
        let summary = samples(name, &[(heist, tokio)]).summary();
        summary.verdict(&only_line(row)).expect("there are figures")
    };
    assert_eq!(verdict("remote/spawn_idle@1", "ns", 10.0, 20.0), Verdict::Reached);
    assert_eq!(verdict("remote/spawn_idle@1", "ns", 10.0, 19.9), Verdict::Short);
    assert_eq!(verdict("remote/spawn_idle@1", "ns", 10.0, 9.9), Verdict::Behind);
    assert_eq!(
        verdict("program/task_memory", "bytes", 130.0, 315.0),
        Verdict::Reached
    );
    assert_eq!(
        verdict("program/task_memory", "bytes", 131.0, 315.0),
        Verdict::Short
    );
    assert_eq!(
        verdict("program/task_memory", "bytes", 100.0, 90.0),
        Verdict::Behind
    );
    let summary = samples("bytes", &[(100.0, 390.0)]).summary();
    assert_eq!(summary.target_ratio(&only_line("program/task_memory")), Some(3.0));
}

#[test]
fn the_longest_beginning_that_fits_is_a_rows_topic() {
    let topic = |row: &str| topic_title(topic_of(row));
    assert_eq!(topic("spawn/join_set"), "Spawn from a worker");
    assert_eq!(topic("sync_locks/notify_one"), "Channels and locks");
    assert_eq!(topic("timer/timeout_in_many_tasks@8"), "Timeouts, many tasks");
    assert_eq!(topic("program/echo_1"), "TCP echo under load");
    assert_eq!(topic("program/echo_stuck"), "TCP echo, one of two workers stuck");
    assert_eq!(topic("something/new"), "More");
    assert_eq!(only_line("sched/yield_alone").target, Target::Ratio(1.2));
    assert_eq!(only_line("program/sleep_lateness").target, Target::AtMost(150.0));
    assert_eq!(lines_of("program/echo_1").len(), 4);
}

#[test]
fn samples_are_read_as_they_were_written() {
    let samples = samples("ns", &[(1.5, 2.0), (1_234_560.0, 0.000_123_456)]);
    let text = store::write_samples(&samples);
    assert_eq!(store::read_samples(&text).as_ref(), Ok(&samples), "{text}");
    assert_eq!(store::file_name("spawn/fan_out@2"), "spawn.fan_out@2.tsv");
}

#[test]
fn summaries_are_read_as_they_were_written() {
    let mut summaries = store::Summaries::new();
    summaries.insert(
        "spawn/one".to_owned(),
        samples("ns", &[(1.0, 2.0), (1.0, 4.0)]).summary(),
    );
    summaries.insert(
        "program/idle".to_owned(),
        samples("wake_ups_per_s", &[(0.0, 2.0)]).summary(),
    );
    let text = store::write_summaries(&summaries);
    assert_eq!(store::read_summaries(&text).as_ref(), Ok(&summaries), "{text}");
    assert!(text.contains("=inf,inf,inf"), "{text}");
}

#[test]
fn six_digits_are_kept() {
    let mut summary = Summary::default();
    summary
        .arms
        .insert("heist".to_owned(), figures(&[("ns", 1234.567_89)]));
    let text = store::write_summaries(&BTreeMap::from([("row".to_owned(), summary)]));
    assert!(text.contains("\tns=1234.57\n"), "{text}");
}

#[test]
fn what_is_not_a_figure_is_named() {
    assert_eq!(
        store::read_output("ns\t12.5\ncpu_ns\t3\n"),
        Ok(figures(&[("ns", 12.5), ("cpu_ns", 3.0)]))
    );
    assert!(store::read_output("ns\t12.5\nthread panicked\n").is_err_and(|error| error.contains("panicked")));
    assert!(store::read_output("ns\ttwelve\n").is_err_and(|error| error.contains("twelve")));
    assert!(store::read_samples("").is_err());
    assert!(store::read_samples("# today\tabc\n0\theist\tns=x\n").is_err());
    assert!(store::read_summaries("row\tdate\n").is_err());
    assert!(store::read_summaries("row\tdate\tcommit\t3\tratio\tns=1,2\n").is_err());
}

#[test]
fn arms_take_turns_in_being_first() {
    let row = read_row("spawn/one\theist tokio smol").expect("a row and its arms");
    let wanted = Row {
        name: "spawn/one".to_owned(),
        arms: ["heist", "tokio", "smol"].map(str::to_owned).to_vec(),
    };
    assert_eq!(row, wanted);
    assert_eq!(order(&row.arms, 0), ["heist", "tokio", "smol"]);
    assert_eq!(order(&row.arms, 1), ["smol", "tokio", "heist"]);
    assert_eq!(order(&row.arms, 2), ["heist", "tokio", "smol"]);
    assert_eq!(read_row("no arms"), None);
}

#[test]
fn dates_follow_the_calendar() {
    assert_eq!(host::date(0), "1970-01-01");
    assert_eq!(host::date(59), "1970-03-01");
    assert_eq!(host::date(11_016), "2000-02-29");
    assert_eq!(host::date(11_017), "2000-03-01");
    assert_eq!(host::date(20_779), "2026-11-22");
    assert_eq!(host::date(20_818), "2026-12-31");
    assert_eq!(host::date(20_819), "2027-01-01");
}

#[test]
fn versions_are_those_of_the_lock_file() {
    let lock = "[[package]]\nname = \"tokio-util\"\nversion = \"0.7.1\"\n\n[[package]]\nname = \"tokio\"\nversion = \"1.54.1\"\n";
    assert_eq!(host::locked_version(lock, "tokio"), "1.54.1");
    assert_eq!(host::locked_version(lock, "smol"), "?");
}
