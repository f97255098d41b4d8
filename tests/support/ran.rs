//! What a person must be told.

use crate::env::Ran;

/// Asserts a failure: its exit code, one line that says what failed, one that says what to do.
#[track_caller]
pub fn assert_fails(ran: &Ran, code: i32, message: &str, hint: &str) {
    let lines: Vec<&str> = ran.stderr.lines().collect();
    assert_eq!(ran.code, code, "{ran:?}");
    assert_eq!(lines.len(), 2, "not a message and a hint: {ran:?}");
    let text = lines[0].strip_prefix("error: ").unwrap_or_else(|| panic!("{ran:?}"));
    assert!(text.contains(message), "'{message}' is not in: {text}");
    let text = lines[1].strip_prefix("hint: ").unwrap_or_else(|| panic!("{ran:?}"));
    assert!(text.contains(hint), "'{hint}' is not in: {text}");
}

/// Asserts a run that left files out: exit code 3, and a line for each with its reason.
#[track_caller]
pub fn assert_skips(ran: &Ran, skipped: &[(&str, &str)]) {
    assert_eq!(ran.code, 3, "{ran:?}");
    let mut lines: Vec<&str> = ran.stderr.lines().collect();
    let hint = lines.pop().expect("something is said");
    assert!(hint.starts_with("hint: "), "{ran:?}");
    assert_eq!(lines.len(), skipped.len(), "{ran:?}");
    for (path, reason) in skipped {
        let expected = format!("warning: skipped {path}: {reason}");
        assert!(lines.iter().any(|l| l.starts_with(&expected)), "no '{expected}' in {lines:?}");
    }
}

/// A test that cannot be made here says so, in a way that is seen among the others.
pub fn skip(why: &str) {
    use std::io::Write;
    // Not by a macro for printing: that is captured when the test succeeds.
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    let _ = writeln!(std::io::stderr(), "\nSKIPPED {test}: {why}");
}
