//! Time spent by the calling thread on a processor.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

/// Started before a piece of work; tells the seconds it took.
///
/// On Linux the seconds are those the scheduler gave to this thread, so that a busy machine
/// distorts the figure little; elsewhere they are wall-clock seconds.
pub struct Clock {
    on_cpu: Option<u64>,
    wall: Instant,
}

impl Clock {
    /// Starts now.
    pub fn start() -> Self {
        Self { on_cpu: on_cpu_nanos(), wall: Instant::now() }
    }

    /// Seconds since the start.
    pub fn seconds(&self) -> f64 {
        match (self.on_cpu, on_cpu_nanos()) {
            (Some(before), Some(now)) => (now - before) as f64 / 1e9,
            _ => self.wall.elapsed().as_secs_f64(),
        }
    }
}

/// First field of schedstat: nanoseconds this thread has run.
fn on_cpu_nanos() -> Option<u64> {
    // The kernel brings the figure up to date when the thread leaves the processor; without that
    // it is up to a scheduler tick (some milliseconds) old.
    thread::sleep(Duration::from_micros(1));
    let text = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split_whitespace().next()?.parse().ok()
}
