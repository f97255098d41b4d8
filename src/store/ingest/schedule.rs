//! Decides what each worker of an ingest does next, and brings all of them to a checkpoint.
//!
//! Work comes in two grains: *items* (files, taken in order: a span of small ones or one large one)
//! and *pieces* of a large file, which any worker may process. Pieces go first, so that a
//! huge file keeps all cores busy. A worker that finds no item left *retires*: its pack is sealed and
//! it serves pieces only.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::segment::Piece;

/// A file of at least this many bytes is cut into pieces that several workers share.
pub const LARGE_FILE_BYTES: u64 = 1 << 20;
/// Small files that one worker takes at a time, so that neighbours lie in the same blocks.
const SPAN_FILES: usize = 128;
const SPAN_BYTES: u64 = 1 << 20;

/// When what was read so far is made durable and recorded, so that a killed run need not repeat it.
#[derive(Clone, Copy, Debug)]
pub struct CheckpointRule {
    /// Bytes read since the last checkpoint.
    pub max_bytes: u64,
    /// Files finished since the last checkpoint; bounds the memory that they take.
    pub max_files: u64,
    /// Time since the last checkpoint.
    pub max_age: Duration,
}

impl Default for CheckpointRule {
    fn default() -> Self {
        Self { max_bytes: 384 << 20, max_files: 50_000, max_age: Duration::from_secs(30) }
    }
}

/// What a worker is to do.
pub(super) enum Job {
    Small(Range<usize>),
    Large(usize),
    Piece(Piece),
    /// Seal, deposit, then call [`Schedule::arrive`].
    Checkpoint,
    /// Seal, deposit, then call [`Schedule::retire`].
    Retire,
    Done,
}

pub(super) struct Schedule<'a> {
    sizes: &'a [u64],
    rule: CheckpointRule,
    state: Mutex<State>,
    wake: Condvar,
    wanted: AtomicBool,
    stopped: AtomicBool,
    bytes_since: AtomicU64,
    files_since: AtomicU64,
}

struct State {
    next: usize,
    /// Pieces to be scanned, and those that are cut; these go first, for they free memory.
    scans: VecDeque<Piece>,
    stores: VecDeque<Piece>,
    /// Workers that still own an open pack.
    active: usize,
    /// Workers that read a large file at the moment.
    drivers: usize,
    arrived: usize,
    round: u64,
    last: Instant,
}

impl State {
    fn take_piece(&mut self) -> Option<Piece> {
        self.stores.pop_front().or_else(|| self.scans.pop_front())
    }
}

impl<'a> Schedule<'a> {
    pub(super) fn new(sizes: &'a [u64], workers: usize, rule: CheckpointRule) -> Self {
        let state = State {
            next: 0,
            scans: VecDeque::new(),
            stores: VecDeque::new(),
            active: workers,
            drivers: 0,
            arrived: 0,
            round: 0,
            last: Instant::now(),
        };
        Self {
            sizes,
            rule,
            state: Mutex::new(state),
            wake: Condvar::new(),
            wanted: AtomicBool::new(false),
            stopped: AtomicBool::new(false),
            bytes_since: AtomicU64::new(0),
            files_since: AtomicU64::new(0),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A worker that panicked stops the run through its own join; the queue itself stays valid.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'g>(&self, guard: MutexGuard<'g, State>) -> MutexGuard<'g, State> {
        self.wake.wait(guard).unwrap_or_else(PoisonError::into_inner)
    }

    /// The next job; blocks while a retired worker has nothing to help with.
    pub(super) fn next(&self, retired: bool) -> Job {
        let mut state = self.lock();
        loop {
            if self.is_stopped() {
                return Job::Done;
            }
            if !retired && self.wanted.load(Ordering::Relaxed) {
                return Job::Checkpoint;
            }
            if let Some(piece) = state.take_piece() {
                return Job::Piece(piece);
            }
            if !retired {
                return self.take_item(&mut state);
            }
            if state.drivers == 0 {
                return Job::Done;
            }
            state = self.wait(state);
        }
    }

    fn take_item(&self, state: &mut State) -> Job {
        let start = state.next;
        let Some(&first) = self.sizes.get(start) else { return Job::Retire };
        if first >= LARGE_FILE_BYTES {
            state.next += 1;
            state.drivers += 1;
            return Job::Large(start);
        }
        let mut bytes = 0;
        let small = |&&size: &&u64| {
            bytes += size;
            size < LARGE_FILE_BYTES && bytes <= SPAN_BYTES
        };
        let count = self.sizes[start..].iter().take(SPAN_FILES).take_while(small).count().max(1);
        state.next += count;
        Job::Small(start..start + count)
    }

    /// How many workers read a large file.
    pub(super) fn drivers(&self) -> usize {
        self.lock().drivers
    }

    /// The size expected of an item.
    pub(super) fn size(&self, item: usize) -> u64 {
        self.sizes[item]
    }

    /// Offers a piece of a large file to whoever is free.
    pub(super) fn offer(&self, piece: Piece) {
        let mut state = self.lock();
        match piece {
            Piece::Scan(_) => state.scans.push_back(piece),
            Piece::Store(_) => state.stores.push_back(piece),
        }
        drop(state);
        self.wake.notify_one();
    }

    /// A piece to help with, without waiting.
    pub(super) fn try_piece(&self) -> Option<Piece> {
        self.lock().take_piece()
    }

    /// The large file taken last by this worker is done.
    pub(super) fn large_done(&self) {
        self.lock().drivers -= 1;
        self.wake.notify_all();
    }

    /// Counts bytes read and files finished; asks for a checkpoint when the rule says so.
    pub(super) fn count(&self, bytes: u64, files: u64) {
        let sum = self.bytes_since.fetch_add(bytes, Ordering::Relaxed) + bytes;
        let count = self.files_since.fetch_add(files, Ordering::Relaxed) + files;
        let is_full = sum >= self.rule.max_bytes || count >= self.rule.max_files;
        if is_full || self.lock().last.elapsed() >= self.rule.max_age {
            self.wanted.store(true, Ordering::Relaxed);
        }
    }

    pub(super) fn checkpoint_wanted(&self) -> bool {
        self.wanted.load(Ordering::Relaxed)
    }

    /// Waits until all active workers have deposited; the last one to come runs `close`.
    pub(super) fn arrive(&self, close: impl FnOnce()) {
        let mut state = self.lock();
        state.arrived += 1;
        if state.arrived == state.active {
            self.finish_round(&mut state, close);
            return;
        }
        let round = state.round;
        while state.round == round && !self.is_stopped() {
            state = self.wait(state);
        }
    }

    /// This worker owns no pack any more; it may be the one the others wait for.
    pub(super) fn retire(&self, close: impl FnOnce()) {
        let mut state = self.lock();
        state.active -= 1;
        if state.active > 0 && state.arrived == state.active {
            self.finish_round(&mut state, close);
        }
    }

    fn finish_round(&self, state: &mut State, close: impl FnOnce()) {
        close();
        state.arrived = 0;
        state.round += 1;
        state.last = Instant::now();
        self.bytes_since.store(0, Ordering::Relaxed);
        self.files_since.store(0, Ordering::Relaxed);
        self.wanted.store(false, Ordering::Relaxed);
        self.wake.notify_all();
    }

    /// Ends the run early: every worker gets [`Job::Done`].
    pub(super) fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
        let mut state = self.lock();
        state.scans.clear();
        state.stores.clear();
        drop(state);
        self.wake.notify_all();
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drain(sizes: &[u64]) -> Vec<String> {
        let schedule = Schedule::new(sizes, 1, CheckpointRule::default());
        let mut jobs = Vec::new();
        loop {
            match schedule.next(false) {
                Job::Small(range) => jobs.push(format!("{range:?}")),
                Job::Large(item) => jobs.push(format!("large {item}")),
                Job::Retire => return jobs,
                Job::Piece(_) | Job::Checkpoint | Job::Done => unreachable!("none was offered"),
            }
        }
    }

    #[test]
    fn small_files_go_in_spans_and_large_ones_alone() {
        let mib = 1 << 20;
        assert_eq!(drain(&[10, 20, 5 * mib, 30]), ["0..2", "large 2", "3..4"]);
        assert_eq!(drain(&[mib - 1, mib - 1, 5]), ["0..1", "1..2", "2..3"]);
        assert_eq!(drain(&vec![1; 200]), ["0..128", "128..200"]);
        assert!(drain(&[]).is_empty());
    }

    #[test]
    fn the_last_to_arrive_closes_the_round_once() {
        let schedule = Schedule::new(&[], 3, CheckpointRule::default());
        let closed = AtomicU64::new(0);
        let close = || {
            closed.fetch_add(1, Ordering::SeqCst);
        };
        std::thread::scope(|s| {
            s.spawn(|| schedule.arrive(close));
            s.spawn(|| schedule.arrive(close));
            schedule.retire(close);
        });
        assert_eq!(closed.load(Ordering::SeqCst), 1);
    }
}
