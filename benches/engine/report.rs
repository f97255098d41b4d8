//! One line a figure.

use std::fs;
use std::io::{self, Write};

/// A bound that a figure is held to.
#[derive(Clone, Copy)]
pub enum Bar {
    /// The figure must be this or more.
    AtLeast(f64),
    /// The figure must be this or less.
    AtMost(f64),
    /// The figure is only told.
    None,
}

/// Prints `name | measured | bar | pass or MISS | how`.
pub fn line(name: &str, measured: f64, unit: &str, bar: Bar, how: &str) {
    let (bar, verdict) = match bar {
        Bar::AtLeast(n) => (format!(">= {}", number(n)), verdict(measured >= n)),
        Bar::AtMost(n) => (format!("<= {}", number(n)), verdict(measured <= n)),
        Bar::None => ("-".to_owned(), "-"),
    };
    println!("{name} | {} {unit} | {bar} | {verdict} | {how}", number(measured));
    // A scenario takes minutes: whoever watches wants each figure at once.
    let _ = io::stdout().flush();
}

fn verdict(is_met: bool) -> &'static str {
    if is_met { "pass" } else { "MISS" }
}

fn number(n: f64) -> String {
    match n.abs() {
        a if a >= 100.0 || n.fract() == 0.0 => format!("{n:.0}"),
        a if a >= 1.0 => format!("{n:.2}"),
        _ => format!("{n:.4}"),
    }
}

/// The middle one of some figures.
pub fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Processor and number of threads.
pub fn machine() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|l| l.strip_prefix("model name"));
    let model = model.map_or("unknown processor", |m| m.trim_start_matches([' ', '\t', ':']));
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    format!("{model}, {threads} threads")
}
