//! What a process uses is seen. One test alone: threads that end take their context switches with them.

use heist_benches::usage::{Usage, resident_bytes};
use std::time::{Duration, Instant};

#[test]
fn use_of_processor_and_memory_is_seen() {
    let some = Duration::from_millis(20);
    let look = || (Usage::own(), Usage::of(std::process::id()));
    let (before, given_up) = (look(), Instant::now() + Duration::from_secs(60));
    let (mut own, mut other) = before;
    while own.since(before.0).cpu < some || other.since(before.1).cpu < some {
        assert!(Instant::now() < given_up, "{own:?} {other:?} after {before:?}");
        (own, other) = look();
    }
    let switches = look();
    std::thread::sleep(Duration::from_millis(1));
    let after = look();
    assert!(
        after.0.since(switches.0).voluntary >= 1,
        "{after:?} after {switches:?}"
    );
    assert!(
        after.1.since(switches.1).voluntary >= 1,
        "{after:?} after {switches:?}"
    );
    let resident = resident_bytes("self");
    let memory = std::hint::black_box(vec![1u8; 8 << 20]);
    let grown = resident_bytes("self") - resident;
    assert!(
        (7 << 20..64 << 20).contains(&grown),
        "{grown} bytes for {}",
        memory.len()
    );
}
