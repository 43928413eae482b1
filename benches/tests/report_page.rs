//! The page puts losses first, the picture puts each bar on its side of 1.

use heist_benches::report::host::Host;
use heist_benches::report::plan::Unit;
use heist_benches::report::store::{Summaries, read_summaries};
use heist_benches::report::table::{digits, entries, page, with_unit};
use heist_benches::report::{picture, summary::Verdict};

/// Five rows: reached, short, behind, behind by more, and a program with a limit.
fn summaries() -> Summaries {
    let row = |name: &str, figure: &str, heist: f64, tokio: f64| {
        let head = format!("{name}\t2026-11-22\tabcdef\t5");
        let ratio = tokio / heist;
        let (low, high) = (ratio * 0.9, ratio * 1.1);
        format!(
            "{head}\theist\t{figure}={heist}\tcpu_ns=3\tswitches=0\n{head}\ttokio\t{figure}={tokio}\tcpu_ns=4\tswitches=1.5\n\
             {head}\tratio\t{figure}={low},{ratio},{high}\n"
        )
    };
    let text = [
        row("spawn/reached", "ns", 100.0, 200.0),
        row("spawn/short", "ns", 100.0, 120.0),
        row("sched/behind", "ns", 100.0, 80.0),
        row("sync_locks/far_behind", "ns", 100.0, 10.0),
        row("timer/timeout_in_many_tasks@1", "ns", 100.0, 700.0),
        row("timer/timeout_in_many_tasks@8", "ns", 250.0, 7000.0),
        row("program/task_memory", "bytes", 128.0, 315.0),
    ];
    read_summaries(&text.concat()).expect("it is well-formed")
}

fn host() -> Host {
    Host {
        machine: "A processor, 2 cores".to_owned(),
        kernel: "Linux 6.1".to_owned(),
        rustc: "rustc 1.90".to_owned(),
        tokio: "1.54.1".to_owned(),
        smol: "2.0.2".to_owned(),
    }
}

#[test]
fn losses_come_first_and_the_worst_of_them_first() {
    let page = page(&summaries(), &host());
    let at = |text: &str| {
        page.find(text)
            .unwrap_or_else(|| panic!("{text:?} is not in\n{page}"))
    };
    let order = [
        "## Behind tokio",
        "| sync_locks/far_behind |",
        "| sched/behind |",
        "## Made of several rows",
        "## Ahead of tokio, target not reached",
        "| spawn/short |",
        "## Target reached",
        "| spawn/reached |",
        "| timer/timeout_in_many_tasks@1 |",
        "| task_memory |",
    ];
    assert!(order.is_sorted_by_key(|text| at(text)), "{page}");
    assert!(!page.contains('{'), "a place is left open:\n{page}");
    assert!(
        page.contains("tokio 1.54.1") && page.contains("abcdef") && page.contains("over 5 rounds"),
        "{page}"
    );
    assert!(page.contains("4 + 1 + 2 figures"), "{page}");
}

#[test]
fn a_line_has_all_figures() {
    let page = page(&summaries(), &host());
    let line = "| spawn/reached | 1.5× | 100 ns | 200 ns | – | **2.00** | 1.80 – 2.20 | 3.00 ns / 4.00 ns | 0 / 1.50 | – |";
    assert!(page.contains(line), "{page}");
    assert!(
        page.contains("| task_memory | ≤ 130 B | 128 B | 315 B |"),
        "{page}"
    );
}

#[test]
fn flatness_is_time_by_time() {
    let page = page(&summaries(), &host());
    let line =
        "| timeouts in many tasks: time with 8 workers by time with 1 | flat: ≤ 1.2 | 2.50 | 10.0 | no |";
    assert!(page.contains(line), "{page}");
}

#[test]
fn without_losses_the_page_says_so() {
    let mut summaries = summaries();
    summaries.retain(|name, _| !name.contains("behind"));
    let page = page(&summaries, &host());
    assert!(page.contains("## Behind tokio\n\nNone.\n"), "{page}");
}

#[test]
fn figures_have_three_digits() {
    let written = [0.0, 0.0004, 0.0123, 1.0, 12.34, 123.4, 123_456.0, f64::INFINITY].map(digits);
    assert_eq!(
        written,
        ["0", "<0.001", "0.012", "1.00", "12.3", "123", "123456", "∞"]
    );
    assert_eq!(with_unit(12_345.0, Unit::Nanoseconds), "12.3 µs");
    assert_eq!(with_unit(9_999.0, Unit::Nanoseconds), "9999 ns");
    assert_eq!(with_unit(2.5e6, Unit::Nanoseconds), "2.50 ms");
    assert_eq!(with_unit(80_000.0, Unit::Microseconds), "80.0 ms");
    assert_eq!(with_unit(123_456.0, Unit::PerSecond), "123 k/s");
}

/// The first number of an attribute.
fn number(line: &str, attribute: &str) -> f64 {
    let from = line.find(attribute).expect("the attribute is there") + attribute.len();
    let end = line[from..].find([' ', '"', 'v', 'V', 'H']).expect("it ends");
    line[from..from + end].parse().expect("it is a number")
}

#[test]
fn a_bar_is_on_its_side_of_one_and_as_long_as_its_ratio() {
    let summaries = summaries();
    let entries = entries(&summaries);
    let drawn = picture::picture(&entries, "<A & B>");
    assert!(
        drawn.contains("&lt;A &amp; B&gt;") && !drawn.contains("<A"),
        "{drawn}"
    );
    let one = drawn
        .lines()
        .find(|line| line.contains("class=\"one\""))
        .expect("the line of 1");
    let one = number(one, "d=\"M");
    let bar = |name: &str| {
        let from = drawn
            .lines()
            .position(|line| line.contains(&format!(">{name}<")))
            .expect("its name is there");
        let rect = drawn.lines().nth(from + 1).expect("a bar follows its name");
        (number(rect, "x=\""), number(rect, "width=\""), rect.to_owned())
    };
    let (x, width, rect) = bar("spawn/reached");
    assert!((x - one).abs() < 0.2 && rect.contains("\"reached\""), "{rect}");
    let (behind, length, rect) = bar("sched/behind");
    assert!(
        (behind + length - one).abs() < 0.2 && length > 1.0 && rect.contains("\"behind\""),
        "{rect}"
    );
    // A ratio of 2 is twice as far as the root of 2, and 7 is cut by nothing.
    let (_, wide, _) = bar("timer/timeout_in_many_tasks@1");
    assert!((wide / width - 7f64.log2()).abs() < 0.01, "{wide} {width}");
    let (cut, length, _) = bar("sync_locks/far_behind");
    assert!(
        (length - 2.0 * width).abs() < 0.3,
        "0.1 is cut at 0.25: {cut} {length} {width}"
    );
}

#[test]
fn targets_other_than_one_are_marked() {
    let summaries = summaries();
    let entries = entries(&summaries);
    let drawn = picture::picture(&entries, "title");
    let marks = drawn
        .lines()
        .filter(|line| line.starts_with("<path class=\"target\""))
        .count();
    let other = entries
        .iter()
        .filter(|entry| entry.line.title != "sync_locks/far_behind")
        .count();
    assert_eq!(marks, other + 1, "and one in the legend");
    assert!(drawn.contains("prefers-color-scheme: dark"));
    let reached = entries
        .iter()
        .filter(|entry| entry.verdict == Verdict::Reached)
        .count();
    assert_eq!(drawn.matches("<rect class=\"reached\"").count(), reached + 1);
}
