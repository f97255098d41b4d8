//! `fsck`: proves that everything refs name is there and whole.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;

use super::sharing::SharedBy;
use super::{Context, OpError, locate};
use crate::db::{Access, CacheDb, DbError, NewState, RepositoryId, StateDb};
use crate::format::FormatParameters;
use crate::path::RepoPath;
use crate::refs::{RefNote, branch_ref};
use crate::repo::{DEFAULT_BRANCH, Repo, RepoPaths};
use crate::steps::{data_roots, repair, stage};
use crate::store::session::random_u64;
use crate::store::shared::SharedStore;
use crate::store::verify::{
    self, CheckOptions, Depth, RebuildError, RebuiltStore, Report, Roots, StatePaths, Subject,
    VerifyError,
};

/// How deep to look.
#[derive(Clone, Debug, Default)]
pub struct FsckOptions {
    /// Also read and verify all data.
    pub data: bool,
    /// Read and verify this part of the data, in percent.
    pub sample_percent: Option<f64>,
    /// Make tables, caches and refs anew from packs and `refs.log` first.
    pub rebuild: bool,
    /// Store again what is lost and found in the worktree.
    pub repair: bool,
    /// Store again what is lost and found in the repository in this folder.
    pub from: Option<PathBuf>,
}

/// What was found.
#[derive(Clone, Debug, Default, Serialize)]
pub struct FsckOutcome {
    /// What is damaged or missing.
    pub problems: Vec<Problem>,
    /// Commits checked.
    pub commits: u64,
    /// Commits among them whose files were forgotten.
    pub forgotten: u64,
    /// Commits among them whose parents were not fetched.
    pub shallow: u64,
    /// Different contents that are not here, since a remote has them.
    pub promised: u64,
    /// Bytes of those contents.
    pub promised_bytes: u64,
    /// Tree nodes checked.
    pub trees: u64,
    /// Files named by the trees.
    pub files: u64,
    /// Different contents among them.
    pub blobs: u64,
    /// Chunks they are made of.
    pub chunks: u64,
    /// Packs checked.
    pub packs: u64,
    /// Blocks read and verified.
    pub blocks_read: u64,
    /// Bytes read from packs.
    pub bytes_read: u64,
    /// What was made anew, if asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rebuilt: Option<RebuildOutcome>,
    /// How many lost objects were stored again, if that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repaired: Option<u64>,
    /// The shared store whose packs were checked, those of other repositories too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub store: Option<SharedBy>,
    /// Whether there are no problems.
    pub clean: bool,
}

/// Something damaged or missing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The object or file.
    pub object: String,
    /// What is wrong with it.
    pub what: String,
    /// Paths, as `REV:path`, or refs that need it.
    pub affected: Vec<String>,
}

/// What a rebuild made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RebuildOutcome {
    /// Packs read.
    pub packs: u64,
    /// Tables written.
    pub tables: u64,
    /// Refs taken from `refs.log`; none when `state.db` was sound and was kept.
    pub refs: u64,
    /// Where the old `state.db` lies now, if it was not sound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub old_state: Option<String>,
}

/// Lines of what SQLite says about a damaged database that are handed on.
const MAX_DAMAGE_LINES: usize = 10;
/// How often a check that found problems is made again because the set of packs changed meanwhile.
const ATTEMPTS: usize = 5;
const STATE_DB: &str = "state.db";
const REMEDY: &str = "make it anew: esker fsck --rebuild";

/// Checks the repository. Problems are in the outcome; an error means that it could not be checked.
pub fn run(ctx: &Context, options: &FsckOptions) -> Result<FsckOutcome, OpError> {
    let repo = ctx.find_repo()?;
    let shared = SharedStore::of(&repo.dir)?;
    let paths = StatePaths::new(&repo.dir).on(shared);
    let store = paths.shared.as_ref().map(SharedBy::of).transpose()?;
    let mut outcome = FsckOutcome { store, ..FsckOutcome::default() };
    if options.rebuild {
        let rebuilt = verify::rebuild(&paths, &otherwise(ctx)?, &ctx.cancel)?;
        outcome.take_rebuilt(&repo, &rebuilt);
    }
    if let Some(db) = outcome.open(&paths)? {
        let threads = ctx.run_context(&ctx.settings(Some(&repo))?).threads;
        let run = CheckOptions {
            depth: depth(ctx, options),
            threads,
            now: ctx.now.seconds,
            progress: &*ctx.progress,
            cancel: &ctx.cancel,
        };
        let mut report = check(&paths, &db, &run)?;
        if report.has_lost_content() {
            // Files that are known to be unchanged would not be read, and so never stored again.
            CacheDb::delete(&paths.cache_db)?;
        }
        if options.repair || options.from.is_some() {
            let before = report.lost.len();
            report = repair(ctx, options, report, || check(&paths, &db, &run))?;
            outcome.repaired = Some(before.saturating_sub(report.lost.len()) as u64);
        }
        outcome.take_report(report);
    }
    outcome.clean = outcome.problems.is_empty();
    Ok(outcome)
}

/// Stores lost objects again for as long as that helps: behind a folder that was lost there may be more.
fn repair(
    ctx: &Context,
    options: &FsckOptions,
    mut report: Report,
    check: impl Fn() -> Result<Report, OpError>,
) -> Result<Report, OpError> {
    loop {
        if report.problems.is_empty() {
            return Ok(report);
        }
        let mut lost = report.lost.clone();
        let repo = ctx.open_repo()?;
        let run = ctx.run_context(&repo.settings);
        repair::drop_missing_packs(&repo)?;
        if options.repair {
            CacheDb::delete(&repo.paths.cache_db())?;
            let paths = data_roots::to_add(&repo, vec![RepoPath::root()], true, false)?;
            if !paths.is_empty() {
                stage::store_again(&repo, &locate::all_if_root(paths), &run)?;
            }
        }
        if let Some(dir) = &options.from {
            let from = RepoPaths::find(&ctx.start_dir.join(dir), None)?;
            let settings = ctx.settings(Some(&from))?;
            let other = Arc::new(Repo::open(from, settings, Access::ReadOnly)?);
            repair::copy_lost(&repo, &other, &lost, &run)?;
        }
        drop(repo);
        report = check()?;
        let mut left = report.lost.clone();
        lost.sort_unstable();
        left.sort_unstable();
        if left == lost {
            return Ok(report);
        }
    }
}

/// Checks again where problems may come from packs that were replaced, or dropped with the refs that
/// named them, while they were looked at.
fn check(paths: &StatePaths, db: &Arc<StateDb>, run: &CheckOptions<'_>) -> Result<Report, OpError> {
    let mut attempt = 1;
    loop {
        let (roots, generation) =
            db.read(|view| Ok::<_, DbError>((Roots::of(view)?, view.generation()?)))?;
        let checked = verify::check(paths, db, &roots, run);
        let is_sound = checked.as_ref().is_ok_and(|report| report.problems.is_empty());
        let is_same = db.read(|view| view.generation())? == generation;
        if is_sound || is_same || attempt == ATTEMPTS || run.cancel.is_cancelled() {
            return Ok(checked?);
        }
        attempt += 1;
    }
}

fn depth(ctx: &Context, options: &FsckOptions) -> Depth {
    match options.sample_percent {
        Some(percent) => Depth::Sample { percent, seed: ctx.now.seconds.cast_unsigned() },
        None if options.data => Depth::Data,
        None => Depth::Structure,
    }
}

/// What a new database is made of where `refs.log` says nothing.
fn otherwise(ctx: &Context) -> Result<NewState, OpError> {
    let mut id = [0; 16];
    id[..8].copy_from_slice(&random_u64()?.to_le_bytes());
    id[8..].copy_from_slice(&random_u64()?.to_le_bytes());
    let note = RefNote {
        who: String::new(),
        time: ctx.now.seconds,
        tz_minutes: i32::try_from(ctx.now.offset_minutes).unwrap_or(0),
        message: "fsck: rebuild".to_owned(),
    };
    Ok(NewState {
        repository: RepositoryId::from_bytes(id),
        format: FormatParameters::default(),
        branch: branch_ref(DEFAULT_BRANCH).expect("the default is a valid name"),
        note,
    })
}

impl FsckOutcome {
    fn add(&mut self, object: impl Into<String>, what: String) {
        self.problems.push(Problem { object: object.into(), what, affected: Vec::new() });
    }

    fn take_rebuilt(&mut self, repo: &RepoPaths, rebuilt: &RebuiltStore) {
        let shown =
            |path: &Path| path.strip_prefix(&repo.root).unwrap_or(path).display().to_string();
        for aside in &rebuilt.set_aside {
            let what = format!("{}; it was set aside: {}", aside.why, shown(&aside.moved_to));
            self.add(format!("pack {}", aside.name), what);
        }
        let RebuiltStore { packs, tables, refs, .. } = *rebuilt;
        let old_state = rebuilt.old_state.as_deref().map(shown);
        self.rebuilt = Some(RebuildOutcome { packs, tables, refs, old_state });
    }

    /// Opens the database if it is sound; if it is not, that is the only problem to be found.
    fn open(&mut self, paths: &StatePaths) -> Result<Option<Arc<StateDb>>, OpError> {
        let checked = open_state(paths).and_then(|db| Ok((db.check()?, db)));
        let (found, db) = match checked {
            Ok(checked) => checked,
            Err(e) if e.is_missing() || e.is_damaged() => {
                self.add(STATE_DB, format!("{e}; {REMEDY}"));
                return Ok(None);
            }
            Err(e) => return Err(e.into()),
        };
        if !found.damage.is_empty() {
            let lines: Vec<_> = found.damage.into_iter().take(MAX_DAMAGE_LINES).collect();
            self.add(STATE_DB, format!("{}; {REMEDY}", lines.join("; ")));
            return Ok(None);
        }
        if found.bad_log_lines > 0 {
            let what = format!("{} of its lines cannot be read", found.bad_log_lines);
            self.add("refs.log", what);
        }
        Ok(Some(Arc::new(db)))
    }

    fn take_report(&mut self, report: Report) {
        for problem in report.problems {
            let lost = match (&problem.subject, problem.lost_objects) {
                (Subject::Pack(_) | Subject::Block(..), 1) => "; one object is lost".to_owned(),
                (Subject::Pack(_) | Subject::Block(..), n @ 2..) => {
                    format!("; {n} objects are lost")
                }
                _ => String::new(),
            };
            let what = problem.what + &lost;
            let object = problem.subject.to_string();
            self.problems.push(Problem { object, what, affected: problem.affected });
        }
        let verify::Counts { commits, trees, files, blobs, chunks, packs, .. } = report.counts;
        (self.commits, self.trees, self.files) = (commits, trees, files);
        self.forgotten = report.counts.forgotten;
        self.shallow = report.counts.shallow;
        (self.promised, self.promised_bytes) =
            (report.counts.promised, report.counts.promised_bytes);
        (self.blobs, self.chunks, self.packs) = (blobs, chunks, packs);
        self.blocks_read = report.counts.blocks_read;
        self.bytes_read = report.counts.bytes_read;
    }
}

/// Opens the database to record bad blocks, or only to read it where it cannot be written.
fn open_state(paths: &StatePaths) -> Result<StateDb, DbError> {
    match paths.open_state(Access::ReadWrite) {
        Err(DbError::ReadOnly | DbError::Fs(_) | DbError::Sqlite { .. }) => {
            paths.open_state(Access::ReadOnly)
        }
        opened => opened,
    }
}

impl From<VerifyError> for OpError {
    fn from(e: VerifyError) -> Self {
        match e {
            VerifyError::Store(e) => e.into(),
            VerifyError::Db(e) => e.into(),
            VerifyError::Cancelled(_) => OpError::Interrupted,
        }
    }
}

impl From<RebuildError> for OpError {
    fn from(e: RebuildError) -> Self {
        match e {
            RebuildError::Store(e) => e.into(),
            RebuildError::Db(e) => e.into(),
            RebuildError::Busy => {
                OpError::Locked { holder: "a process that is writing to it".to_owned() }
            }
            RebuildError::Cancelled(_) => OpError::Interrupted,
        }
    }
}

#[cfg(test)]
mod tests;
