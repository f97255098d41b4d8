//! How long work reports that it moves, and how it is asked to stop.
//!
//! The library prints nothing: it calls a [`Progress`] handed in by the caller, whose default
//! methods are silent. A [`Cancel`] is shared by the one who asks (a signal handler) and the
//! workers, which check it between two units of work and stop with everything consistent.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What long work tells whoever watches it.
///
/// Called from several threads at once; implementations only count and must not block.
pub trait Progress: Send + Sync {
    /// Starts a phase. A total of `None` is not known yet.
    fn begin(&self, phase: &'static str, total_bytes: Option<u64>, total_files: Option<u64>) {
        let _ = (phase, total_bytes, total_files);
    }

    /// Adds what was done since the last call, in bytes and files.
    fn advance(&self, bytes: u64, files: u64) {
        let _ = (bytes, files);
    }

    /// Says that contents which are missing here are about to be fetched: how many, their bytes, and from
    /// which remote.
    fn fetching(&self, files: u64, bytes: u64, from: &str) {
        let _ = (files, bytes, from);
    }

    /// Says that a remote did not give what it was asked for, why, and which one is asked in its place.
    fn passed_over(&self, remote: &str, why: &str, next: &str) {
        let _ = (remote, why, next);
    }

    /// Ends the phase begun last.
    fn finish(&self) {}
}

/// A [`Progress`] that drops everything.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {}

/// The work was asked to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("interrupted")]
pub struct Cancelled;

/// A flag that asks work to stop; clones share it, and once set it stays set.
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// Makes a flag that is not set.
    pub fn new() -> Self {
        Self::default()
    }

    /// The shared flag itself, for a signal handler.
    pub fn flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.0)
    }

    /// Asks the work to stop.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether the work was asked to stop.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Errs once the work was asked to stop, so that `?` ends it.
    pub fn check(&self) -> Result<(), Cancelled> {
        if self.is_cancelled() { Err(Cancelled) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cancel_is_shared_by_clones_and_by_the_flag() {
        let cancel = Cancel::new();
        let worker = cancel.clone();
        assert_eq!(worker.check(), Ok(()));
        cancel.flag().store(true, Ordering::Relaxed);
        assert_eq!(worker.check(), Err(Cancelled));
        assert!(cancel.is_cancelled());
    }

    #[test]
    fn silent_progress_accepts_everything() {
        let progress: &dyn Progress = &Silent;
        progress.begin("read", None, Some(3));
        progress.advance(10, 1);
        progress.finish();
    }
}
