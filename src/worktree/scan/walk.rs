//! The threads of a scan: which folder or part of a folder is looked at next, and by whom.

use std::fs::{self, DirEntry, ReadDir};
use std::io;
use std::mem;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use super::listing::{Folder, Part};
use super::queue::Queue;
use super::sealed;
use super::{Problem, Reason, Scan, ScanError, ScanOptions, ScannedDir};
use crate::path::RepoPath;
use crate::worktree::ignore::{IGNORE_FILE, Ignore, IgnoreError, read_file};

/// Names of one folder that one thread stats in one go.
const SLICE: usize = 1024;

/// Folders that the first thread looks at alone: fewer are not worth another thread.
const TASKS_ALONE: usize = 16;

/// Slices a thread, waiting for others to stat them; the reader stats further ones itself.
const SLICES_AHEAD: usize = 4;

/// A folder to list, with the rules of all folders above it.
pub(super) struct Start {
    pub(super) path: RepoPath,
    pub(super) above: Ignore,
}

enum Task {
    Folder(Start),
    Slice(Arc<LargeFolder>, Vec<DirEntry>),
}

/// A folder of more names than a slice, gathered from several threads.
struct LargeFolder {
    folder: Folder,
    gathered: Mutex<Part>,
    /// Slices not gathered yet, and one for the reader.
    left: AtomicUsize,
    is_torn: AtomicBool,
}

/// What one thread, and in the end the scan, has found.
#[derive(Default)]
pub(super) struct Found {
    pub(super) dirs: Vec<ScannedDir>,
    pub(super) problems: Vec<Problem>,
    pub(super) missing: Vec<RepoPath>,
    pub(super) ignored: u64,
}

impl Found {
    pub(super) fn problem(&mut self, path: &str, reason: Reason) {
        self.problems.push(Problem { path: crate::path::escape(path).into_owned(), reason });
    }

    fn absorb(&mut self, mut other: Found) {
        self.dirs.append(&mut other.dirs);
        self.problems.append(&mut other.problems);
        self.missing.append(&mut other.missing);
        self.ignored += other.ignored;
    }

    pub(super) fn into_scan(mut self, started_at_ns: i64) -> Scan {
        self.dirs.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        self.problems.sort_unstable();
        self.missing.sort_unstable();
        let Found { dirs, problems, missing, ignored } = self;
        Scan { dirs, problems, missing, ignored, started_at_ns }
    }

    /// The rules below a folder: those above it and its own, if it has a file of them.
    pub(super) fn rules_below(&mut self, path: &RepoPath, disk: &Path, above: &Ignore) -> Ignore {
        let file = || match path.as_str() {
            "" => IGNORE_FILE.to_owned(),
            dir => format!("{dir}/{IGNORE_FILE}"),
        };
        match read_file(disk) {
            Ok(None) => above.clone(),
            Ok(Some(text)) => {
                let (rules, bad) = above.enter(path, &text);
                for bad in bad {
                    let place = format!("{}:{}", file(), bad.line);
                    self.problem(&place, Reason::BadIgnoreLine(bad.detail));
                }
                rules
            }
            Err(error) => {
                let detail = match error {
                    IgnoreError::Io(error) => error.to_string(),
                    other => other.to_string(),
                };
                self.problem(&file(), Reason::BadIgnoreFile(detail));
                above.clone()
            }
        }
    }
}

/// What all threads see.
struct Shared<'a> {
    root: &'a Path,
    options: &'a ScanOptions<'a>,
    queue: Queue<Task>,
    slices_waiting: AtomicUsize,
    max_slices_waiting: usize,
}

struct Worker<'a> {
    shared: &'a Shared<'a>,
    found: Found,
    buffer: String,
}

/// Lists the given folders and all below them, and adds what they hold to `found`.
pub(super) fn run(
    root: &Path,
    options: &ScanOptions<'_>,
    start: Vec<Start>,
    found: &mut Found,
) -> Result<(), ScanError> {
    let threads = match options.threads {
        0 => thread::available_parallelism().map_or(1, usize::from),
        threads => threads,
    };
    let shared = Shared {
        root,
        options,
        queue: Queue::new(start.into_iter().map(Task::Folder).collect()),
        slices_waiting: AtomicUsize::new(0),
        max_slices_waiting: if threads > 1 { SLICES_AHEAD * threads } else { 0 },
    };
    let start = || Worker { shared: &shared, found: Found::default(), buffer: String::new() };
    let work = || {
        let mut worker = start();
        worker.run(usize::MAX);
        worker.found
    };
    let mut first = start();
    first.run(TASKS_ALONE);
    thread::scope(|scope| {
        let helpers = if shared.queue.is_empty() { 0 } else { threads - 1 };
        let others: Vec<_> = (0..helpers).map(|_| scope.spawn(work)).collect();
        first.run(usize::MAX);
        found.absorb(first.found);
        for other in others {
            match other.join() {
                Ok(theirs) => found.absorb(theirs),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
    });
    if shared.is_cancelled() { Err(ScanError::Cancelled) } else { Ok(()) }
}

impl Shared<'_> {
    fn is_cancelled(&self) -> bool {
        self.options.cancel.is_some_and(|flag| flag.load(Ordering::Relaxed))
    }

    fn disk(&self, path: &RepoPath) -> PathBuf {
        if path.as_str().is_empty() { self.root.into() } else { self.root.join(path.as_str()) }
    }
}

impl Worker<'_> {
    /// Does so many tasks at most.
    fn run(&mut self, tasks: usize) {
        let shared = self.shared;
        for _ in 0..tasks {
            let Some((task, _in_work)) = shared.queue.pop() else { return };
            if shared.is_cancelled() {
                shared.queue.abandon();
                continue;
            }
            match task {
                Task::Folder(start) => self.list(start),
                Task::Slice(large, names) => {
                    shared.slices_waiting.fetch_sub(1, Ordering::Relaxed);
                    self.gather(&large, names);
                }
            }
        }
    }

    fn list(&mut self, start: Start) {
        let disk = self.shared.disk(&start.path);
        if let Err(error) = self.list_names(&start, &disk) {
            self.found.problem(start.path.as_str(), Reason::Unreadable(error.to_string()));
        }
    }

    fn list_names(&mut self, start: &Start, disk: &Path) -> io::Result<()> {
        let options = self.shared.options;
        let mut known = None;
        if let Some(seal) = options.sealed.and_then(|sealed| sealed.find_seal(&start.path)) {
            let folder = self.folder(start, disk);
            if let Some(dir) = sealed::look(&folder, disk, &seal) {
                self.found.dirs.push(dir);
                return Ok(());
            }
            known = Some(folder);
        }
        let mut reader = fs::read_dir(disk)?;
        let names = next_slice(&mut reader)?;
        let is_large = names.len() == SLICE;
        let folder = match known {
            Some(folder) => folder,
            None => self.folder(start, disk),
        };
        if is_large {
            return self.list_large(folder, names, reader);
        }
        let mut part = self.examine(&folder, names);
        self.descend(&folder, &mut part);
        self.found.dirs.push(part.into_dir(folder.path));
        Ok(())
    }

    fn folder(&mut self, start: &Start, disk: &Path) -> Folder {
        let rules = match self.shared.options.honour_ignore {
            true => self.found.rules_below(&start.path, disk, &start.above),
            false => Ignore::none(),
        };
        Folder { path: start.path.clone(), rules }
    }

    /// Reads the names of a large folder while other threads stat them.
    ///
    /// Stats need the names' order on disk, not each other; reading the names is one stream. When
    /// the others fall behind, this thread stats a slice itself, so few names wait at any time.
    fn list_large(
        &mut self,
        folder: Folder,
        mut names: Vec<DirEntry>,
        mut reader: ReadDir,
    ) -> io::Result<()> {
        let shared = self.shared;
        let large = Arc::new(LargeFolder {
            folder,
            gathered: Mutex::default(),
            left: AtomicUsize::new(1),
            is_torn: AtomicBool::new(false),
        });
        let outcome = loop {
            large.left.fetch_add(1, Ordering::Relaxed);
            if shared.slices_waiting.load(Ordering::Relaxed) < shared.max_slices_waiting {
                shared.slices_waiting.fetch_add(1, Ordering::Relaxed);
                shared.queue.push([Task::Slice(large.clone(), names)].into_iter());
            } else {
                self.gather(&large, names);
            }
            match next_slice(&mut reader) {
                Ok(next) if next.is_empty() || shared.is_cancelled() => break Ok(()),
                Ok(next) => names = next,
                Err(error) => {
                    large.is_torn.store(true, Ordering::Release);
                    break Err(error);
                }
            }
        };
        self.finish_one(&large);
        outcome
    }

    fn gather(&mut self, large: &LargeFolder, names: Vec<DirEntry>) {
        let mut part = self.examine(&large.folder, names);
        self.descend(&large.folder, &mut part);
        large.gathered.lock().unwrap_or_else(PoisonError::into_inner).append(part);
        self.finish_one(large);
    }

    /// Hands the folder over when nobody has a slice of it any more.
    fn finish_one(&mut self, large: &LargeFolder) {
        if large.left.fetch_sub(1, Ordering::AcqRel) > 1 || large.is_torn.load(Ordering::Acquire) {
            return;
        }
        let mut gathered = large.gathered.lock().unwrap_or_else(PoisonError::into_inner);
        let part = mem::take(&mut *gathered);
        self.found.dirs.push(part.into_dir(large.folder.path.clone()));
    }

    fn examine(&mut self, folder: &Folder, names: Vec<DirEntry>) -> Part {
        let mut part = Part::with_capacity(names.len());
        for entry in names {
            folder.examine(&entry, &mut self.buffer, &mut part, &mut self.found);
        }
        part
    }

    fn descend(&self, folder: &Folder, part: &mut Part) {
        let below = mem::take(&mut part.folders);
        // Reversed, because the queue hands out the last first: folders come in reading order.
        self.shared.queue.push(
            below
                .into_iter()
                .rev()
                .map(|path| Task::Folder(Start { path, above: folder.rules.clone() })),
        );
    }
}

fn next_slice(reader: &mut ReadDir) -> io::Result<Vec<DirEntry>> {
    reader.take(SLICE).collect()
}
