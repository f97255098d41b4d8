//! `doctor`: everything a report of a fault needs, in one paste. Works where much is broken; tells no
//! secrets: no environment, no names of people, no addresses of remotes, no content.

use serde::Serialize;

use super::sharing::SharedBy;
use super::{Context, OpError, encode, upkeep};
use crate::config::{self, Config, Origin};
use crate::db::{Access, DbError, PackState, STATE_VERSION};
use crate::format::FormatParameters;
use crate::fsio;
use crate::path::escape;
use crate::repo::{Repo, RepoPaths};
use crate::store::StoreError;
use crate::store::shared::{SharedStore, root_of};
use crate::worktree::facts::{self, FileSystemFacts};
use crate::worktree::git;

/// No choices yet.
#[derive(Clone, Debug, Default)]
pub struct DoctorOptions {}

/// The report.
#[derive(Clone, Debug, Default, Serialize)]
pub struct DoctorOutcome {
    /// The version of esker.
    pub version: &'static str,
    /// System and processor that it was built for.
    pub platform: String,
    /// Whether it was built without optimisation.
    pub debug_build: bool,
    /// Cores.
    pub cores: usize,
    /// The newest format of `state.db` that it reads.
    pub newest_format: u32,
    /// Whether name and address of an author are known.
    pub author_is_set: bool,
    /// Settings that are not the defaults, without those that name people or places.
    #[serde(serialize_with = "encode::pairs")]
    pub settings: Vec<(String, String)>,
    /// The repository, if there is one.
    pub repository: Option<RepositoryReport>,
    /// What failed while the report was made; the rest of it is right.
    pub problems: Vec<String>,
    /// The last failures of commands in this repository, oldest first.
    pub last_errors: Vec<String>,
}

/// What is known of a repository.
#[derive(Clone, Debug, Default, Serialize)]
pub struct RepositoryReport {
    /// The folder that holds `.esker`.
    #[serde(serialize_with = "encode::path")]
    pub root: std::path::PathBuf,
    /// Whether it lies in a git checkout.
    pub inside_git: bool,
    /// The file system of `.esker`.
    pub file_system: FileSystemFacts,
    /// The shared store that has its packs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub store: Option<SharedBy>,
    /// What its database says; absent when that cannot be read.
    pub state: Option<StateReport>,
}

/// What the database of a repository says.
#[derive(Clone, Debug, Default, Serialize)]
pub struct StateReport {
    /// The repository's random id.
    pub id: String,
    /// Sizes fixed when it was made, by name.
    #[serde(serialize_with = "encode::pairs")]
    pub format: Vec<(String, String)>,
    /// Whether processes share memory; without it they wait for each other.
    pub shared_memory: bool,
    /// The branch, or none.
    pub branch: Option<String>,
    /// Whether HEAD has a commit.
    pub has_commits: bool,
    /// Whether something is staged.
    pub has_stage: bool,
    /// Branches, tags and other refs.
    pub refs: u64,
    /// Packs in use.
    pub packs: u64,
    /// Their bytes.
    pub pack_bytes: u64,
    /// Packs that are no longer in use and not yet removed.
    pub condemned_packs: u64,
    /// Tables.
    pub tables: u64,
    /// Blocks that were found damaged.
    pub bad_blocks: u64,
    /// Data roots.
    pub roots: u64,
    /// Times the set of packs was changed.
    pub generation: u64,
    /// Kinds of work that was interrupted and waits to be finished.
    pub interrupted: Vec<String>,
}

/// Makes the report.
pub fn run(ctx: &Context, _options: &DoctorOptions) -> Result<DoctorOutcome, OpError> {
    let mut outcome = DoctorOutcome {
        version: env!("CARGO_PKG_VERSION"),
        platform: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
        debug_build: cfg!(debug_assertions),
        cores: ctx.cores(),
        newest_format: STATE_VERSION,
        ..DoctorOutcome::default()
    };
    let paths = match ctx.find_repo() {
        Ok(paths) => Some(paths),
        Err(OpError::NoRepository { .. }) => None,
        Err(e) => {
            outcome.problem("finding the repository", &e);
            None
        }
    };
    settings(ctx, paths.as_ref(), &mut outcome);
    if let Some(paths) = paths {
        outcome.last_errors = last_errors(&paths);
        outcome.repository = Some(repository(ctx, paths, &mut outcome));
    }
    Ok(outcome)
}

impl DoctorOutcome {
    fn problem(&mut self, what: &str, e: &dyn std::fmt::Display) {
        self.problems.push(format!("{what}: {e}"));
    }
}

/// Sections whose values are sizes and switches; others may hold names, addresses or secrets.
const TOLD: [&str; 2] = ["core.", "ui."];

fn settings(ctx: &Context, paths: Option<&RepoPaths>, outcome: &mut DoctorOutcome) {
    let config = match Config::load(&ctx.config_files(paths), &ctx.env, &ctx.flags) {
        Ok(config) => config,
        Err(e) => return outcome.problem("settings", &super::convert::config_error(e)),
    };
    outcome.author_is_set = config.author(&[]).is_ok();
    for (key, origin) in config.unknown_keys() {
        let name = escape(key);
        let meant = super::similar(key, config::known_keys());
        let meant = meant.map(|key| format!("; did you mean '{key}'?")).unwrap_or_default();
        outcome.problem("settings", &format!("{origin} sets '{name}', which is no setting{meant}"));
    }
    let told = config.list().filter(|(key, setting)| {
        setting.origin != Origin::Default && TOLD.iter().any(|section| key.starts_with(section))
    });
    outcome.settings =
        told.map(|(key, setting)| (key.to_string(), setting.value.clone())).collect();
}

fn repository(ctx: &Context, paths: RepoPaths, outcome: &mut DoctorOutcome) -> RepositoryReport {
    let mut report = RepositoryReport {
        inside_git: git::find_checkout(&paths.root).is_some(),
        root: paths.root.clone(),
        ..RepositoryReport::default()
    };
    let dir = paths.dir.clone();
    let opened = ctx.settings(Some(&paths)).and_then(|settings| {
        let access = Access::ReadOnly;
        Repo::open(paths, settings, access).map_err(OpError::from)
    });
    let repo = match opened {
        Ok(repo) => repo,
        Err(e) => {
            outcome.problem("opening the repository", &e);
            report.file_system = facts::find(&dir, None);
            return report;
        }
    };
    // Where nothing can be written, what would have to be tried stays unknown.
    let session = repo.store.start_session().ok();
    report.file_system = facts::find(&dir, session.as_ref().map(|session| session.dir()));
    match repo.store.shared().map(|shared| store(shared, outcome)).transpose() {
        Ok(store) => report.store = store,
        Err(e) => outcome.problem("reading the store's members", &e),
    }
    match state(&repo) {
        Ok(state) => report.state = Some(state),
        Err(e) => outcome.problem("reading state.db", &e),
    }
    report
}

/// Journals of what is known, not of work that was cut short: what `add` counted since the last commit, and the
/// newest root seen on each remote.
const NOTES: [&str; 3] = ["cost", "remote-seen", "sums"];

/// The shared store; a repository on it that cannot be read keeps all space from coming back.
fn store(shared: &SharedStore, outcome: &mut DoctorOutcome) -> Result<SharedBy, StoreError> {
    for unseen in shared.others()?.unseen {
        let path = root_of(&unseen.path).display().to_string();
        let why = format!("{}; {}", unseen.why.what, upkeep::hint_for(shared, &unseen));
        outcome.problem(&format!("gc drops nothing, for {path} cannot be read"), &why);
    }
    SharedBy::of(shared)
}

fn state(repo: &Repo) -> Result<StateReport, OpError> {
    let mut report =
        StateReport { shared_memory: repo.db.has_shared_memory(), ..Default::default() };
    repo.db.read(|view| {
        report.id = view.repository_id()?.to_string();
        report.format = parameters(&view.format()?);
        let head = view.head(repo.worktree)?;
        report.branch = head.branch().map(|branch| branch.short().to_owned());
        report.has_commits = head.commit().is_some();
        report.has_stage = view.stage(repo.worktree)?.is_some();
        report.refs = view.refs("refs/")?.len() as u64;
        let packs = view.packs()?;
        let live = || packs.iter().filter(|pack| pack.state == PackState::Live);
        (report.packs, report.pack_bytes) = (live().count() as u64, live().map(|p| p.bytes).sum());
        report.condemned_packs = packs.len() as u64 - report.packs;
        report.tables = view.tables()?.len() as u64;
        report.bad_blocks = view.bad_blocks()?.len() as u64;
        report.roots = view.roots()?.len() as u64;
        report.generation = view.generation()?;
        report.interrupted = view.journal_kinds(repo.worktree)?;
        Ok::<_, DbError>(())
    })?;
    report.interrupted.retain(|kind| !NOTES.contains(&&**kind));
    Ok(report)
}

fn parameters(format: &FormatParameters) -> Vec<(String, String)> {
    format.rows().into_iter().map(|(name, value)| (name.to_string(), value.to_string())).collect()
}

/// Failures that are kept.
const KEPT_ERRORS: usize = 20;
const MAX_ERRORS_BYTES: u64 = 64 << 10;

fn errors_file(paths: &RepoPaths) -> std::path::PathBuf {
    paths.dir.join("errors.log")
}

fn last_errors(paths: &RepoPaths) -> Vec<String> {
    let bytes = fsio::read_capped(&errors_file(paths), MAX_ERRORS_BYTES).unwrap_or_default();
    String::from_utf8_lossy(&bytes).lines().map(str::to_owned).collect()
}

/// Keeps the message of a command that failed, for the next report. That it cannot be kept is no failure.
pub fn note_failure(ctx: &Context, verb: &str, message: &str) {
    let Ok(paths) = ctx.find_repo() else { return };
    let mut lines = last_errors(&paths);
    let message = crate::path::escape(message);
    lines.push(format!("{} {verb}: {message}", utc(ctx.now.seconds)));
    let kept = lines.len().saturating_sub(KEPT_ERRORS);
    let text = lines[kept..].join("\n") + "\n";
    let _ = std::fs::write(errors_file(&paths), text);
}

fn utc(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).map(|time| time.to_string()).unwrap_or_default()
}
