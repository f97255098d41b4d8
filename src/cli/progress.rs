//! Progress: a bar on a terminal, a plain line now and then elsewhere.
//!
//! The library only counts; a thread of its own, started with the first phase, looks at the counts
//! and draws. Work that ends in half a second shows nothing.

use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use esker::path::escape;
use esker::progress::Progress;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle, TermLike};

use super::args::Global;
use super::render::units::{bytes, count, counted, seconds};
use super::term::Palette;
use super::{signal, term};

const BAR_AFTER: Duration = Duration::from_millis(500);
const BAR_EVERY: Duration = Duration::from_millis(100);
const LINE_EVERY: Duration = Duration::from_secs(5);

/// How progress is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// A bar that is redrawn.
    Bar,
    /// A line every few seconds.
    Lines,
    /// Nothing.
    Off,
}

impl Look {
    /// What suits standard error and the flags. Standard error carries documents with `--json`, so
    /// that lines would disturb whoever reads them.
    pub fn detect(global: &Global) -> Self {
        match io::stderr().is_terminal() {
            _ if global.quiet || global.no_progress => Self::Off,
            true => Self::Bar,
            false if global.json => Self::Off,
            false => Self::Lines,
        }
    }
}

/// A [`Progress`] that shows itself on standard error.
pub struct Meter {
    look: Look,
    /// Whether what is about to be fetched is said.
    announces: bool,
    /// Whether warnings are text; in JSON they are part of the document.
    warns: bool,
    warning: anstyle::Style,
    counts: Arc<Counts>,
    drawer: Mutex<Option<Drawer>>,
}

struct Drawer {
    stop: Sender<()>,
    thread: JoinHandle<()>,
}

#[derive(Default)]
struct Counts {
    bytes: AtomicU64,
    files: AtomicU64,
    phase: Mutex<Option<Phase>>,
}

#[derive(Clone, Copy)]
struct Phase {
    name: &'static str,
    total_bytes: Option<u64>,
    total_files: Option<u64>,
    began: Instant,
}

/// What one look at the counts gives.
struct Snapshot {
    phase: Phase,
    bytes: u64,
    files: u64,
    elapsed: Duration,
}

impl Meter {
    /// A meter that has not begun.
    pub fn new(look: Look) -> Self {
        Self {
            look,
            announces: false,
            warns: false,
            warning: anstyle::Style::new(),
            counts: Arc::default(),
            drawer: Mutex::default(),
        }
    }

    /// The same, saying what is about to be fetched, and what does not come from where it was asked for, where
    /// the flags do not forbid it.
    pub fn announcing(self, global: &Global) -> Self {
        let warning = Palette::for_stderr(global.color).warning;
        Self { announces: !global.quiet && !global.json, warns: !global.json, warning, ..self }
    }

    /// Removes the bar; a later phase brings it back.
    pub fn stop(&self) {
        let drawer = self.drawer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(Drawer { stop, thread }) = drawer {
            drop(stop);
            // A thread that panicked has drawn its last, which harms nobody.
            let _ = thread.join();
        }
    }

    fn start(&self) {
        signal::listen();
        let mut drawer = self.drawer.lock().unwrap_or_else(PoisonError::into_inner);
        if self.look == Look::Off || drawer.is_some() {
            return;
        }
        let (stop, stopped) = mpsc::channel();
        let (look, counts) = (self.look, Arc::clone(&self.counts));
        let thread = thread::spawn(move || match look {
            Look::Bar => draw_bar(&counts, &|wait| is_over(&stopped, wait)),
            _ => print_lines(&counts, &|wait| is_over(&stopped, wait)),
        });
        *drawer = Some(Drawer { stop, thread });
    }
}

fn is_over(stopped: &mpsc::Receiver<()>, wait: Duration) -> bool {
    stopped.recv_timeout(wait) != Err(RecvTimeoutError::Timeout)
}

impl Progress for Meter {
    fn begin(&self, phase: &'static str, total_bytes: Option<u64>, total_files: Option<u64>) {
        let phase = Phase { name: phase, total_bytes, total_files, began: Instant::now() };
        let mut current = self.counts.phase.lock().unwrap_or_else(PoisonError::into_inner);
        self.counts.bytes.store(0, Ordering::Relaxed);
        self.counts.files.store(0, Ordering::Relaxed);
        *current = Some(phase);
        drop(current);
        self.start();
    }

    fn advance(&self, bytes: u64, files: u64) {
        self.counts.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.counts.files.fetch_add(files, Ordering::Relaxed);
    }

    fn fetching(&self, files: u64, size: u64, from: &str) {
        if self.announces {
            self.stop();
            let files = counted(files, "file");
            let line = format!("fetching {files}, {}, from {}", bytes(size), escape(from));
            let _ = writeln!(io::stderr(), "{line}");
        }
    }

    fn passed_over(&self, remote: &str, why: &str, next: &str) {
        if !self.warns {
            return;
        }
        self.stop();
        let style = self.warning;
        let (remote, next) = (escape(remote), escape(next));
        let line = format!("{style}warning{style:#}: {remote}: {why}; asking {next}");
        let _ = writeln!(io::stderr(), "{line}");
    }

    fn finish(&self) {
        *self.counts.phase.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl Counts {
    fn look(&self) -> Option<Snapshot> {
        let phase = *self.phase.lock().unwrap_or_else(PoisonError::into_inner);
        phase.map(|phase| Snapshot {
            phase,
            bytes: self.bytes.load(Ordering::Relaxed),
            files: self.files.load(Ordering::Relaxed),
            elapsed: phase.began.elapsed(),
        })
    }
}

fn draw_bar(counts: &Counts, is_over: &dyn Fn(Duration) -> bool) {
    if is_over(BAR_AFTER) {
        return;
    }
    let bar =
        ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::term_like(Box::new(Narrow)));
    let style =
        |template| ProgressStyle::with_template(template).expect("the templates are well formed");
    let with_bar = style("{prefix} [{bar:24}] {wide_msg}").progress_chars("=> ");
    let without = style("{prefix} {wide_msg}");
    loop {
        if let Some(now) = counts.look() {
            let (done, total) = now.position();
            bar.set_style(if total > 0 { with_bar.clone() } else { without.clone() });
            bar.set_prefix(now.phase.name);
            bar.set_length(total);
            bar.set_position(done);
            bar.set_message(now.describe());
        }
        if is_over(BAR_EVERY) {
            break;
        }
    }
    bar.finish_and_clear();
}

/// Standard error as a terminal a few columns narrower than it is: the bar is padded to its width, and
/// where a `^C` behind it began the next line, only that line would be cleared at the end.
#[derive(Debug)]
struct Narrow;

const ROOM_FOR_KEYS: usize = 4;

impl Narrow {
    fn put(&self, text: &str) -> io::Result<()> {
        io::stderr().write_all(text.as_bytes())
    }

    fn move_cursor(&self, count: usize, letter: char) -> io::Result<()> {
        if count == 0 { Ok(()) } else { self.put(&format!("\x1b[{count}{letter}")) }
    }
}

impl TermLike for Narrow {
    fn width(&self) -> u16 {
        u16::try_from(term::columns().saturating_sub(ROOM_FOR_KEYS)).unwrap_or(u16::MAX)
    }

    fn move_cursor_up(&self, n: usize) -> io::Result<()> {
        self.move_cursor(n, 'A')
    }

    fn move_cursor_down(&self, n: usize) -> io::Result<()> {
        self.move_cursor(n, 'B')
    }

    fn move_cursor_right(&self, n: usize) -> io::Result<()> {
        self.move_cursor(n, 'C')
    }

    fn move_cursor_left(&self, n: usize) -> io::Result<()> {
        self.move_cursor(n, 'D')
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.put(&format!("{text}\r\n"))
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        self.put(text)
    }

    fn clear_line(&self) -> io::Result<()> {
        self.put("\r\x1b[2K")
    }

    fn flush(&self) -> io::Result<()> {
        io::stderr().flush()
    }
}

fn print_lines(counts: &Counts, is_over: &dyn Fn(Duration) -> bool) {
    while !is_over(LINE_EVERY) {
        if let Some(now) = counts.look() {
            let line = format!("{}: {}\n", now.phase.name, now.describe());
            let _ = io::stderr().write_all(line.as_bytes());
        }
    }
}

impl Snapshot {
    /// Done and total, by bytes if their total is known, or else by files.
    fn position(&self) -> (u64, u64) {
        match (self.phase.total_bytes, self.phase.total_files) {
            (Some(total), _) if total > 0 => (self.bytes, total),
            (_, Some(total)) => (self.files, total),
            _ => (0, 0),
        }
    }

    /// Bytes, rate, time left and files, as far as each is known; of none, how long it has taken.
    fn describe(&self) -> String {
        let mut parts = Vec::new();
        let elapsed = self.elapsed.as_secs_f64();
        if self.bytes > 0 || self.phase.total_bytes.is_some() {
            parts.push(of(bytes(self.bytes), self.phase.total_bytes.map(bytes)));
            if elapsed > 0.0 {
                parts.push(format!("{}/s", bytes((self.bytes as f64 / elapsed) as u64)));
            }
        }
        if self.files > 0 || self.phase.total_files.is_some() {
            let done = of(count(self.files), self.phase.total_files.map(count));
            parts.push(format!("{done} files"));
        }
        let (done, total) = self.position();
        if done > 0 && done < total {
            let left = elapsed * (total - done) as f64 / done as f64;
            parts.push(format!("{} left", seconds(left)));
        }
        if parts.is_empty() {
            parts.push(format!("{} so far", seconds(elapsed)));
        }
        parts.join(", ")
    }
}

fn of(done: String, total: Option<String>) -> String {
    match total {
        Some(total) => format!("{done} of {total}"),
        None => done,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(total_bytes: Option<u64>, total_files: Option<u64>) -> Snapshot {
        let phase = Phase { name: "add", total_bytes, total_files, began: Instant::now() };
        Snapshot { phase, bytes: 1 << 30, files: 1200, elapsed: Duration::from_secs(4) }
    }

    #[test]
    fn what_is_known_is_said() {
        let all = snapshot(Some(2 << 30), Some(5000)).describe();
        assert_eq!(all, "1.0 GiB of 2.0 GiB, 256.0 MiB/s, 1,200 of 5,000 files, 4.0 s left");
        let none = snapshot(None, None).describe();
        assert_eq!(none, "1.0 GiB, 256.0 MiB/s, 1,200 files");
        let nothing = Snapshot { bytes: 0, files: 0, ..snapshot(None, None) }.describe();
        assert_eq!(nothing, "4.0 s so far");
    }

    #[test]
    fn a_meter_that_is_off_starts_no_thread() {
        let meter = Meter::new(Look::Off);
        meter.begin("add", None, None);
        meter.advance(1, 1);
        assert!(meter.drawer.lock().expect("not poisoned").is_none());
        meter.stop();
    }

    #[test]
    fn stopping_does_not_wait_for_the_next_line() {
        let meter = Meter::new(Look::Lines);
        let began = Instant::now();
        meter.begin("add", None, None);
        meter.stop();
        assert!(began.elapsed() < LINE_EVERY / 2);
    }
}
