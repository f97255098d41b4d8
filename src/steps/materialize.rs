//! From a plan to files: removes, makes folders, writes verified content in parallel, links last.
//!
//! Small files are taken in the order of the blocks that hold them, so that a block is decoded once.
//! Large files are cut in ranges that several workers write. Every file appears under its name only
//! when it is complete and verified.

use std::collections::{BTreeMap, VecDeque};
use std::fs::File;
use std::io::{self, Write};
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::known;
use super::{RunContext, StepError, supply};
use crate::catalog::Location;
use crate::fsio::FsError;
use crate::id::{Address, BlobId, PackId};
use crate::pack::reader::BlockBuf;
use crate::path::RepoPath;
use crate::recipe::Recipe;
use crate::repo::Repo;
use crate::stat::{Stat, system_time_ns};
use crate::stat_cache::{RowKind, StatRow};
use crate::store::StoreError;
use crate::store::read::{
    BlobPlace, BlobReader, BlobSource, Need, Part, chunk_of, first_byte, needs_of_whole,
    read_block, read_range,
};
use crate::worktree::handles::{Handles, TempFile, WorktreeRoot};
use crate::worktree::plan::{Plan, PlannedFile};

/// Bytes of a large file that one task writes: much more than a block, so that few blocks are
/// decoded twice, and a multiple of every group size.
const RANGE_BYTES: u64 = 16 << 20;
/// Files of several chunks up to this many bytes are written with those of one.
const SMALL_BYTES: u64 = 1 << 20;
/// Small files that one task writes.
const TASK_FILES: usize = 256;

/// What was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Files and links.
    pub files: u64,
    /// Bytes of files.
    pub bytes: u64,
    /// Files and links removed.
    pub removed: u64,
}

/// Carries out a plan without conflicts. What it needs and is missing here on purpose is fetched first.
pub fn apply(repo: &Repo, plan: &Plan, run: &RunContext) -> Result<Written, StepError> {
    supply::ensure(repo, &plan.files, run)?;
    // A session of its own: what a kill leaves in its folder is swept by the next session.
    let session = repo.store.start_session()?;
    let root = WorktreeRoot::open(&repo.paths.root, session.dir())?;
    let mut worktree = root.handles()?;
    for path in &plan.removals {
        run.cancel.check()?;
        worktree.remove_file(path)?;
    }
    for path in &plan.dir_removals {
        // A folder that still holds something of the user's stays.
        worktree.remove_dir_if_empty(path)?;
    }
    for path in &plan.dirs {
        worktree.create_dir(path)?;
    }
    let bytes = plan.files.iter().map(|f| f.size).sum();
    run.progress.begin("writing", Some(bytes), Some(plan.files.len() as u64));
    let stats = write_files(&repo.store, &root, &plan.files, run);
    run.progress.finish();
    let stats = stats?;
    for (path, executable) in &plan.mode_changes {
        worktree.set_executable(path, *executable)?;
    }
    for (path, target) in &plan.symlinks {
        worktree.symlink(path, target)?;
    }
    record(repo, plan, &stats);
    Ok(written(plan))
}

fn written(plan: &Plan) -> Written {
    Written {
        files: (plan.files.len() + plan.symlinks.len()) as u64,
        bytes: plan.bytes(),
        removed: plan.removals.len() as u64,
    }
}

/// Makes the folders of a plan that only adds, and writes its files from wherever their bytes are.
pub(super) fn write_ahead<S: BlobSource>(
    repo: &Repo,
    plan: &Plan,
    source: &S,
    run: &RunContext,
) -> Result<Vec<Stat>, StepError>
where
    StepError: From<S::Error>,
{
    let session = repo.store.start_session()?;
    let root = WorktreeRoot::open(&repo.paths.root, session.dir())?;
    let mut worktree = root.handles()?;
    for path in &plan.dirs {
        worktree.create_dir(path)?;
    }
    write_files(source, &root, &plan.files, run)
}

/// Does what is left of a plan whose files were [written ahead](write_ahead).
pub(super) fn complete(repo: &Repo, plan: &Plan, stats: &[Stat]) -> Result<Written, StepError> {
    let session = repo.store.start_session()?;
    let mut worktree = WorktreeRoot::open(&repo.paths.root, session.dir())?.handles()?;
    for (path, target) in &plan.symlinks {
        worktree.symlink(path, target)?;
    }
    record(repo, plan, stats);
    Ok(written(plan))
}

/// Writes files, each verified, from wherever their bytes are; returns what the system says of them.
pub(super) fn write_files<S: BlobSource>(
    source: &S,
    root: &WorktreeRoot,
    files: &[PlannedFile],
    run: &RunContext,
) -> Result<Vec<Stat>, StepError>
where
    StepError: From<S::Error>,
{
    let tasks = Mutex::new(tasks_of(source, files)?);
    let job = &Job { source, root, files, run, tasks, stopped: AtomicBool::new(false) };
    let results: Vec<Result<Vec<(usize, Stat)>, StepError>> = std::thread::scope(|scope| {
        let start = |n: usize| scope.spawn(move || job.work(n % 2 == 1));
        let workers: Vec<_> = (0..run.threads.max(1)).map(start).collect();
        let died = || Err(StepError::Store(StoreError::Output(io::Error::other("a worker died"))));
        workers.into_iter().map(|w| w.join().unwrap_or_else(|_| died())).collect()
    });
    let mut stats = vec![Stat::default(); files.len()];
    for result in results {
        for (index, stat) in result? {
            stats[index] = stat;
        }
    }
    Ok(stats)
}

enum Task {
    /// Small files, in the order of their blocks.
    Small(Vec<(usize, Small)>),
    /// Part of a file of several chunks.
    Range(Arc<LargeFile>, Range<u64>),
}

/// Where a small file lies.
#[derive(Clone)]
enum Small {
    Empty,
    Chunk(Location),
    /// A few chunks, which often lie in the blocks of the files beside it.
    Recipe(Arc<Recipe>),
}

impl Small {
    fn block(&self) -> Option<(PackId, u32)> {
        match self {
            Self::Chunk(at) => Some((at.pack, at.place.block_offset)),
            Self::Empty | Self::Recipe(_) => None,
        }
    }

    /// Pack, block and position of the first byte.
    fn order(&self) -> Option<(PackId, u32, u32)> {
        match self {
            Self::Empty => None,
            Self::Chunk(at) => Some((at.pack, at.place.block_offset, at.place.position)),
            Self::Recipe(recipe) => first_byte(recipe),
        }
    }

    fn needs(&self) -> Vec<Need> {
        match self {
            Self::Empty => Vec::new(),
            Self::Chunk(at) => {
                let part = Part::Block(at.place.block_offset, at.place.stored_len);
                vec![Need { pack: at.pack, part }]
            }
            Self::Recipe(recipe) => needs_of_whole(recipe),
        }
    }
}

struct LargeFile {
    index: usize,
    recipe: Arc<Recipe>,
    /// The file being written; made by the first task, taken by the last.
    temp: Mutex<Option<TempFile>>,
    left: AtomicU64,
}

fn tasks_of<S: BlobSource>(source: &S, files: &[PlannedFile]) -> Result<VecDeque<Task>, S::Error> {
    let mut small = Vec::new();
    let mut tasks = VecDeque::new();
    for (index, file) in files.iter().enumerate() {
        let place = source.find_blob(file.id, file.size)?;
        match place.ok_or(StoreError::Missing(file.id.into()))? {
            BlobPlace::Empty => small.push((index, Small::Empty)),
            BlobPlace::Chunk(location) => small.push((index, Small::Chunk(location))),
            BlobPlace::Recipe(recipe) if file.size <= SMALL_BYTES => {
                small.push((index, Small::Recipe(recipe)));
            }
            BlobPlace::Recipe(recipe) => push_ranges(&mut tasks, index, file.size, recipe),
        }
    }
    small.sort_by_cached_key(|(_, place)| place.order());
    tasks.extend(small.chunks(TASK_FILES).map(|files| Task::Small(files.to_vec())));
    Ok(tasks)
}

fn push_ranges(tasks: &mut VecDeque<Task>, index: usize, size: u64, recipe: Arc<Recipe>) {
    let count = size.div_ceil(RANGE_BYTES);
    let (temp, left) = (Mutex::default(), AtomicU64::new(count));
    let large = Arc::new(LargeFile { index, recipe, temp, left });
    for n in 0..count {
        let range = n * RANGE_BYTES..((n + 1) * RANGE_BYTES).min(size);
        tasks.push_back(Task::Range(large.clone(), range));
    }
}

struct Job<'j, S> {
    source: &'j S,
    root: &'j WorktreeRoot,
    files: &'j [PlannedFile],
    run: &'j RunContext,
    tasks: Mutex<VecDeque<Task>>,
    stopped: AtomicBool,
}

impl<S: BlobSource> Job<'_, S>
where
    StepError: From<S::Error>,
{
    fn work(&self, from_end: bool) -> Result<Vec<(usize, Stat)>, StepError> {
        let mut writer = Writer {
            job: self,
            from_end,
            worktree: self.root.handles()?,
            buf: BlockBuf::new(),
            reader: None,
            done: Vec::new(),
        };
        let result = writer.run();
        if result.is_err() {
            self.stopped.store(true, Ordering::Relaxed);
        }
        result.map(|()| writer.done)
    }

    fn next(&self, from_end: bool) -> Option<Task> {
        if self.stopped.load(Ordering::Relaxed) {
            return None;
        }
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        if from_end { tasks.pop_back() } else { tasks.pop_front() }
    }
}

struct Writer<'w, S: BlobSource> {
    job: &'w Job<'w, S>,
    /// Whether it takes the last task first. Threads that write one file wait for each other's lock on it: they
    /// begin at both ends.
    from_end: bool,
    worktree: Handles,
    buf: BlockBuf,
    /// Kept from one range to the next: its buffers, and pages of the recipe that it has checked.
    reader: Option<BlobReader<'w, S>>,
    done: Vec<(usize, Stat)>,
}

impl<'w, S: BlobSource> Writer<'w, S>
where
    StepError: From<S::Error>,
{
    fn run(&mut self) -> Result<(), StepError> {
        while let Some(task) = self.job.next(self.from_end) {
            self.job.run.cancel.check()?;
            match task {
                Task::Small(files) => self.write_all_small(&files)?,
                Task::Range(large, range) => self.write_range(&large, range)?,
            }
        }
        Ok(())
    }

    fn write_all_small(&mut self, files: &[(usize, Small)]) -> Result<(), StepError> {
        let needs: Vec<Need> = files.iter().flat_map(|(_, place)| place.needs()).collect();
        let source = self.job.source;
        let _ready = source.prepare(&needs)?;
        let mut rest = files;
        while let Some((index, first)) = rest.first() {
            let same = match first.block() {
                None => 1,
                block => rest.iter().take_while(|(_, place)| place.block() == block).count(),
            };
            let (group, after) = rest.split_at(same);
            match first {
                Small::Empty => self.write_small(*index, &[])?,
                Small::Chunk(location) => self.write_block(group, location)?,
                Small::Recipe(recipe) => self.write_recipe(*index, recipe)?,
            }
            rest = after;
        }
        Ok(())
    }

    fn write_recipe(&mut self, index: usize, recipe: &Arc<Recipe>) -> Result<(), StepError> {
        let file = &self.job.files[index];
        let mut bytes = Vec::with_capacity(file.size as usize);
        self.reader_of(file.id, recipe).copy(0..file.size, &mut bytes)?;
        self.write_small(index, &bytes)
    }

    fn reader_of(&mut self, id: BlobId, recipe: &Arc<Recipe>) -> &mut BlobReader<'w, S> {
        let source = self.job.source;
        let reader = self.reader.get_or_insert_with(|| BlobReader::new(source, id, recipe.clone()));
        reader.turn_to(id, recipe.clone());
        reader
    }

    /// Writes all files of a task that lie in one block.
    fn write_block(&mut self, group: &[(usize, Small)], at: &Location) -> Result<(), StepError> {
        let mut buf = std::mem::take(&mut self.buf);
        let raw = match read_block(self.job.source, at, &mut buf) {
            Err(e) if S::is_replaced(&e) => return self.write_anew(group),
            raw => raw?,
        };
        for (index, location) in group {
            let Small::Chunk(location) = location else { continue };
            let file = &self.job.files[*index];
            let address = Address::from(file.id);
            let bytes = chunk_of(self.job.source, raw, &address, location)?;
            self.write_small(*index, bytes)?;
        }
        self.buf = buf;
        Ok(())
    }

    /// Writes files whose pack was replaced since they were looked up.
    fn write_anew(&mut self, group: &[(usize, Small)]) -> Result<(), StepError> {
        for (index, _) in group {
            let file = &self.job.files[*index];
            let mut bytes = Vec::with_capacity(file.size as usize);
            read_range(self.job.source, file.id, file.size, 0..file.size, &mut bytes)?;
            self.write_small(*index, &bytes)?;
        }
        Ok(())
    }

    fn write_small(&mut self, index: usize, bytes: &[u8]) -> Result<(), StepError> {
        let file = &self.job.files[index];
        let temp = self.worktree.create_temp()?;
        temp.file().write_all(bytes).map_err(|e| FsError::new("write", file.path.as_str(), e))?;
        let stat = self.worktree.persist(temp, &file.path, file.executable)?;
        self.done.push((index, stat));
        self.job.run.progress.advance(bytes.len() as u64, 1);
        Ok(())
    }

    fn write_range(&mut self, large: &LargeFile, range: Range<u64>) -> Result<(), StepError> {
        let file = &self.job.files[large.index];
        let handle = {
            let mut temp = large.temp.lock().unwrap_or_else(PoisonError::into_inner);
            if temp.is_none() {
                *temp = Some(self.worktree.create_temp()?);
            }
            let temp = temp.as_ref().expect("made just now");
            temp.file().try_clone().map_err(|e| FsError::new("write", file.path.as_str(), e))?
        };
        let mut out = AtOffset { file: handle, offset: range.start };
        let bytes = range.end - range.start;
        self.reader_of(file.id, &large.recipe).copy(range, &mut out).map_err(|e| {
            match StepError::from(e) {
                StepError::Store(StoreError::Output(e)) => {
                    FsError::new("write", file.path.as_str(), e).into()
                }
                e => e,
            }
        })?;
        self.job.run.progress.advance(bytes, 0);
        if large.left.fetch_sub(1, Ordering::AcqRel) == 1 {
            let temp = large.temp.lock().unwrap_or_else(PoisonError::into_inner).take();
            let temp = temp.expect("taken only by the last task");
            let stat = self.worktree.persist(temp, &file.path, file.executable)?;
            self.done.push((large.index, stat));
            self.job.run.progress.advance(0, 1);
        }
        Ok(())
    }
}

/// Writes at an offset of a file that others write elsewhere.
struct AtOffset {
    file: File,
    offset: u64,
}

impl Write for AtOffset {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        #[cfg(unix)]
        let written = std::os::unix::fs::FileExt::write_at(&self.file, bytes, self.offset)?;
        #[cfg(windows)]
        let written = std::os::windows::fs::FileExt::seek_write(&self.file, bytes, self.offset)?;
        self.offset += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Renews the stat cache of every folder that was written into.
fn record(repo: &Repo, plan: &Plan, stats: &[Stat]) {
    let mut by_dir: BTreeMap<RepoPath, Vec<(usize, &PlannedFile)>> = BTreeMap::new();
    for (index, file) in plan.files.iter().enumerate() {
        let dir = file.path.parent().unwrap_or_else(RepoPath::root);
        by_dir.entry(dir).or_default().push((index, file));
    }
    for files in by_dir.values_mut() {
        files.sort_unstable_by(|(_, a), (_, b)| a.path.name().cmp(&b.path.name()));
    }
    let parts = by_dir.iter().flat_map(|(dir, files)| {
        files.chunks(known::ROWS_AT_ONCE).map(move |part| (dir.clone(), part))
    });
    let mut rows = parts.map(|(dir, part)| {
        let row = |(index, file): &(usize, &PlannedFile)| {
            let kind = if file.executable { RowKind::Executable } else { RowKind::File };
            let name = file.path.name()?.into();
            Some(StatRow { name, kind, stat: stats[*index], id: file.id })
        };
        (dir, part.iter().filter_map(row).collect())
    });
    known::record(repo, system_time_ns(std::time::SystemTime::now()), &mut rows);
}

/// The id of a file on disk, read in one go.
pub fn hash_file(path: &std::path::Path) -> io::Result<BlobId> {
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(File::open(path)?)?;
    Ok(BlobId::from_bytes(*hasher.finalize().as_bytes()))
}
