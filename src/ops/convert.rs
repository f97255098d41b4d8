//! Errors of lower layers, as a person meets them.

use std::io;
use std::path::{Path, PathBuf};

use super::error::words::quoted;
use super::locate::shown;
use super::{OpError, Skipped};
use crate::catalog::CatalogError;
use crate::config::ConfigError;
use crate::date::DateError;
use crate::db::{DbError, RefError};
use crate::fsio::{FsError, LockError};
use crate::merge::MergeError;
use crate::object::access::AccessError;
use crate::object::prolly::TreeError;
use crate::pack::layout::PackError;
use crate::path::{PathError, escape};
use crate::progress::Cancelled;
use crate::remote::{Fault, LocationError};
use crate::repo::RepoError;
use crate::revision::RevisionError;
use crate::steps::StepError;
use crate::steps::data_roots::RootsError;
use crate::steps::remotes::FetchError;
use crate::steps::select::SelectError;
use crate::store::StoreError;
use crate::store::ingest::IngestError;
use crate::store::shared::root_of;
use crate::sync::{Refused, SyncError};
use crate::table::TableError;
use crate::worktree::handles::HandleError;
use crate::worktree::scan::ScanError;

/// A wrong setting, as a person meets it.
pub(super) fn config_error(e: ConfigError) -> OpError {
    match e {
        ConfigError::Fs(e) => e.into(),
        e => OpError::Config { at: e.at(), detail: e.detail() },
    }
}

impl From<crate::steps::stage::Skipped> for Skipped {
    fn from(s: crate::steps::stage::Skipped) -> Self {
        Skipped { path: s.path, reason: s.reason }
    }
}

pub(super) fn other(e: impl std::error::Error + Send + Sync + 'static) -> OpError {
    OpError::Other(Box::new(e))
}

impl From<RepoError> for OpError {
    fn from(e: RepoError) -> Self {
        match e {
            RepoError::NotFound { start } => OpError::NoRepository { start },
            RepoError::Db(e) => e.into(),
            RepoError::Store(e) => e.into(),
            RepoError::Fs(e) => e.into(),
            RepoError::Access(e) => e.into(),
            e @ RepoError::Name(_) => other(e),
            e => OpError::Worktree { hint: worktree_hint(&e), message: e.to_string() },
        }
    }
}

fn worktree_hint(e: &RepoError) -> &'static str {
    match e {
        RepoError::LostRepository { .. } => {
            "where the repository is now, let it find its worktrees: esker worktree repair"
        }
        RepoError::CopiedWorktree { .. } => {
            "make a worktree of its own: esker worktree add PATH; and remove the copy"
        }
        _ => "make another one: esker worktree add PATH; files here are left alone",
    }
}

impl From<DbError> for OpError {
    fn from(e: DbError) -> Self {
        match e {
            DbError::NewerFormat { found, supported } => OpError::NewerFormat { found, supported },
            DbError::Busy => OpError::Locked { holder: "another esker process".to_owned() },
            DbError::Full => OpError::Full { path: PathBuf::from(".esker/state.db") },
            DbError::ReadOnly => OpError::ReadOnly { path: PathBuf::from(".esker") },
            DbError::Fs(e) => e.into(),
            e @ DbError::NoLink => OpError::Store {
                message: e.to_string(),
                hint: "say where it is: esker store repair DIR".to_owned(),
            },
            e if e.is_missing() || e.is_damaged() => OpError::NeedsRebuild {
                what: "the repository's state.db".to_owned(),
                why: e.to_string(),
            },
            DbError::Sqlite { detail } => OpError::Io {
                op: "use",
                path: PathBuf::from(".esker/state.db"),
                source: io::Error::other(detail),
            },
            e => other(e),
        }
    }
}

impl From<FsError> for OpError {
    fn from(e: FsError) -> Self {
        let path = e.path().to_owned();
        if e.is_full() {
            OpError::Full { path }
        } else if e.is_read_only() {
            OpError::ReadOnly { path }
        } else if e.is_permission() {
            OpError::Permission { path }
        } else {
            let (op, path, source) = e.into_parts();
            OpError::Io { op, path, source }
        }
    }
}

/// Damage that another repository on the store met, and that stops the collections of all.
fn of_another(path: &Path, source: &StoreError) -> OpError {
    let root = root_of(path).display().to_string();
    let named = quoted(&root);
    OpError::Store {
        message: format!(
            "nothing is collected: {} needs what is not whole: {source}",
            escape(&root)
        ),
        hint: format!(
            "mend it: esker -C {named} fsck --repair; if nobody needs that repository any more: \
             esker store forget --force {named}"
        ),
    }
}

impl From<StoreError> for OpError {
    fn from(e: StoreError) -> Self {
        match e {
            StoreError::Db(e) | StoreError::Catalog(CatalogError::Db(e)) => e.into(),
            StoreError::Fs(e) if !e.is_not_found() => e.into(),
            StoreError::Lock(LockError::Fs(e)) => e.into(),
            StoreError::Pack { path, source: PackError::NewerVersion { .. } } => OpError::Damaged {
                what: path.display().to_string(),
                why: "it was written by a newer esker".to_owned(),
            },
            StoreError::Table { path, source }
            | StoreError::Catalog(CatalogError::Table { path, source }) => {
                table_error(path, source)
            }
            e @ StoreError::LostStore { .. } => OpError::Store {
                message: e.to_string(),
                hint: "where it is now: esker store repair DIR".to_owned(),
            },
            e @ StoreError::NoStore { .. } => OpError::Store {
                message: e.to_string(),
                hint: "name a new or empty folder, or a store that is there".to_owned(),
            },
            e @ StoreError::BadNote { .. } => OpError::Store {
                message: e.to_string(),
                hint: "bring the file back from a copy, or look at it by hand".to_owned(),
            },
            StoreError::BadMember { ref file } => OpError::Store {
                message: e.to_string(),
                hint: format!(
                    "run a command in that repository, which writes it anew: esker status; if it is \
                     gone for good: rm {}",
                    quoted(&file.display().to_string())
                ),
            },
            StoreError::Other { path, source } => of_another(&path, &source),
            StoreError::Cancelled(_) => OpError::Interrupted,
            StoreError::Output(source) => FsError::new("write", "the output", source).into(),
            e if e.is_damaged() => {
                OpError::Damaged { what: "the store".to_owned(), why: e.to_string() }
            }
            e => other(e),
        }
    }
}

fn table_error(path: PathBuf, e: TableError) -> OpError {
    match e {
        TableError::Io(e) if e.kind() != io::ErrorKind::NotFound => {
            FsError::new("access", path, e).into()
        }
        TableError::Io(e) => OpError::NeedsRebuild { what: table(&path), why: e.to_string() },
        e if e.is_damaged() => OpError::NeedsRebuild { what: table(&path), why: e.to_string() },
        source => other(CatalogError::Table { path, source }),
    }
}

fn table(path: &Path) -> String {
    format!("table {}", path.file_name().unwrap_or_default().to_string_lossy())
}

impl From<AccessError> for OpError {
    fn from(e: AccessError) -> Self {
        match e {
            AccessError::Io(inner) => match inner.downcast::<StoreError>() {
                Ok(e) => (*e).into(),
                Err(inner) => match inner.downcast::<SyncError>() {
                    Ok(e) => (*e).into(),
                    Err(inner) => OpError::Other(inner),
                },
            },
            AccessError::Forgotten(id) => OpError::Forgotten { commit: id.short() },
            e => OpError::Damaged { what: "the history".to_owned(), why: e.to_string() },
        }
    }
}

impl From<RevisionError> for OpError {
    fn from(e: RevisionError) -> Self {
        match e {
            RevisionError::Unknown { text, .. } => {
                OpError::UnknownRevision { text, suggestion: None }
            }
            RevisionError::Ambiguous { text, candidates } => OpError::AmbiguousRevision {
                text,
                candidates: candidates.iter().map(|id| id.short()).collect(),
            },
            RevisionError::NoCommits => OpError::IsEmptyRepository,
            RevisionError::NotThen { name, why } => OpError::NoSuchReflogEntry { name, why },
            RevisionError::BadDate { text } => OpError::BadDate { text },
            RevisionError::NoPrevious { number } => OpError::NoPreviousBranch { number },
            RevisionError::NoUpstream { branch } => OpError::NoUpstream { branch },
            RevisionError::NoStash { number, count } => OpError::NoSuchStash { number, count },
            RevisionError::NoMessage { text } => OpError::NoSuchMessage { text },
            RevisionError::Db(e) => e.into(),
            RevisionError::Access(e) => e.into(),
        }
    }
}

impl From<DateError> for OpError {
    fn from(e: DateError) -> Self {
        OpError::BadDate { text: e.text }
    }
}

impl From<SelectError> for OpError {
    fn from(e: SelectError) -> Self {
        match e {
            SelectError::Outside { path } => OpError::PathOutside { path },
            SelectError::Name { path, source } => {
                OpError::BadName { path, reason: source.to_string() }
            }
            SelectError::Pattern(message) => OpError::Usage {
                message,
                hint: Some(
                    "patterns are such as '*.png', 'images/**/*.png' or '[ab]?.csv'".to_owned(),
                ),
            },
            SelectError::Step(e) => e.into(),
        }
    }
}

impl From<RootsError> for OpError {
    fn from(e: RootsError) -> Self {
        match e {
            RootsError::AboveRoots { path } => {
                let path = if path.is_root() { ".".to_owned() } else { shown(&path) };
                OpError::OutsideRoots { path }
            }
            RootsError::TrackedByGit { path } => OpError::InGitIndex { path: shown(&path) },
            e @ RootsError::Git(_) => other(e),
            RootsError::Step(e) => e.into(),
        }
    }
}

impl From<PathError> for OpError {
    fn from(e: PathError) -> Self {
        OpError::Usage { message: e.to_string(), hint: None }
    }
}

impl From<TreeError> for OpError {
    fn from(e: TreeError) -> Self {
        match e {
            TreeError::Access(e) => e.into(),
            e => other(e),
        }
    }
}

impl From<IngestError> for OpError {
    fn from(e: IngestError) -> Self {
        match e {
            IngestError::Store(e) => e.into(),
            IngestError::Catalog(e) => StoreError::Catalog(e).into(),
            IngestError::Cancelled => OpError::Interrupted,
            IngestError::Pack(PackError::Io(e)) => FsError::new("write", ".esker/packs", e).into(),
            e => other(e),
        }
    }
}

impl From<RefError> for OpError {
    fn from(e: RefError) -> Self {
        match e {
            RefError::Db(e) => e.into(),
            e if e.is_conflict() => OpError::MovedMeanwhile { what: e.to_string() },
            e => other(e),
        }
    }
}

impl From<Cancelled> for OpError {
    fn from(_: Cancelled) -> Self {
        OpError::Interrupted
    }
}

impl From<HandleError> for OpError {
    fn from(e: HandleError) -> Self {
        match e {
            HandleError::Io { op, path, source } => FsError::new(op, path.as_str(), source).into(),
            HandleError::Outside { op, path, source } => FsError::new(op, path, source).into(),
            HandleError::Symlink(path)
            | HandleError::NotDirectory(path)
            | HandleError::NotFile(path)
            | HandleError::Replaced(path) => {
                OpError::WouldOverwrite { paths: vec![path.as_str().to_owned()], more: 0 }
            }
        }
    }
}

impl From<LocationError> for OpError {
    fn from(e: LocationError) -> Self {
        let hint = "as in: s3://bucket/prefix, file:///srv/data or ../data".to_owned();
        OpError::Usage { message: e.to_string(), hint: Some(hint) }
    }
}

impl From<FetchError> for OpError {
    fn from(e: FetchError) -> Self {
        match e {
            FetchError::Sync(e) => e.into(),
            FetchError::Step(e) => e.into(),
        }
    }
}

impl From<SyncError> for OpError {
    fn from(e: SyncError) -> Self {
        let hint = match &e {
            SyncError::Store(_)
            | SyncError::Access(_)
            | SyncError::Catalog(_)
            | SyncError::Db(_)
            | SyncError::Ref(_)
            | SyncError::Fs(_)
            | SyncError::Cancelled(_) => return local_error(e),
            SyncError::Transport(e) => transport_hint(e.fault),
            SyncError::Refused(refused) => refused_hint(refused),
            SyncError::Damaged { key, why } => {
                return OpError::DamagedThere { what: key.clone(), why: why.clone() };
            }
            SyncError::NewerFormat { .. } => Some("install a newer esker; nothing was changed"),
            SyncError::WentBack { .. } => Some(
                "somebody may have put an old copy in its place: ask who keeps it; to take it as it is: esker remote accept-history",
            ),
            SyncError::OtherRepository => Some("use another prefix, or clone that one"),
            SyncError::NoRepository { .. } => {
                Some("check how it is spelled; the first push makes it: esker push")
            }
            SyncError::Busy | SyncError::Unknown => {
                Some("run the command again: what was uploaded is used")
            }
            _ => None,
        };
        OpError::Remote { message: e.to_string(), hint: hint.map(str::to_owned) }
    }
}

/// What went wrong on this machine while a remote was talked to.
fn local_error(e: SyncError) -> OpError {
    match e {
        SyncError::Store(e) => e.into(),
        // A fetch reads the history of the remote through the same door.
        SyncError::Access(AccessError::Io(inner)) => match inner.downcast::<SyncError>() {
            Ok(e) => (*e).into(),
            Err(inner) => AccessError::Io(inner).into(),
        },
        SyncError::Access(e) => e.into(),
        SyncError::Catalog(e) => StoreError::Catalog(e).into(),
        SyncError::Db(e) => e.into(),
        SyncError::Ref(e) => e.into(),
        SyncError::Fs(e) => e.into(),
        SyncError::Cancelled(_) => OpError::Interrupted,
        e => other(e),
    }
}

fn transport_hint(fault: Fault) -> Option<&'static str> {
    match fault {
        Fault::Denied => Some(
            "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE; or use --anonymous",
        ),
        Fault::Lost | Fault::Busy => Some("check the network and the endpoint, then run it again"),
        Fault::Untrusted => Some(
            "name the file with the certificate of its authority: AWS_CA_BUNDLE, or ca_bundle in the profile",
        ),
        Fault::NoBucket => Some("check the name of the bucket and the endpoint"),
        Fault::Missing => Some("see what is affected: esker remote fsck"),
        Fault::Disk => Some("free some space there, or mend it; then run the command again"),
        Fault::TooLarge | Fault::Failed => None,
    }
}

fn refused_hint(refused: &Refused) -> Option<&'static str> {
    match refused {
        Refused::NotAncestor { .. } => {
            Some("bring them in first: esker pull --rebase, or esker pull --merge; or --force")
        }
        Refused::Exists { .. } => Some("tags do not move; to replace it: --force"),
        Refused::Moved { .. } => Some("look at what it is now, then push again: esker fetch"),
        Refused::Stale { .. } => Some("look at what it is now: esker fetch"),
        Refused::NoSuchRef { .. } => Some("see what there is: esker ls-remote"),
        Refused::Absent { .. } => Some("push them from a clone that has everything: esker clone"),
        Refused::Shallow { .. } => Some("fetch it first: esker fetch --unshallow"),
    }
}

impl From<StepError> for OpError {
    fn from(e: StepError) -> Self {
        match e {
            StepError::Repo(e) => e.into(),
            StepError::Store(e) => e.into(),
            StepError::Ingest(e) => e.into(),
            StepError::Access(e) => e.into(),
            StepError::Tree(e) => e.into(),
            StepError::Db(e) => e.into(),
            StepError::Ref(e) => e.into(),
            StepError::Fs(e) => e.into(),
            StepError::Path(e) => e.into(),
            StepError::Catalog(e) => StoreError::Catalog(e).into(),
            StepError::Cancelled(_) | StepError::Scan(ScanError::Cancelled) => OpError::Interrupted,
            StepError::Scan(ScanError::Root { root, source }) => {
                FsError::new("scan", root, source).into()
            }
            StepError::Handle(e) => e.into(),
            StepError::Merge(e) => e.into(),
            StepError::Sync(e) => (*e).into(),
            StepError::Supply(e) => match e.downcast::<OpError>() {
                Ok(e) => *e,
                Err(e) => OpError::Other(e),
            },
        }
    }
}

impl From<MergeError> for OpError {
    fn from(e: MergeError) -> Self {
        match e {
            MergeError::Access(e) => e.into(),
            MergeError::Tree(e) => e.into(),
            MergeError::Path(e) => e.into(),
        }
    }
}
