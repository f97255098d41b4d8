//! The plan of the way from one tree to another: what to write, what to remove, what would be lost.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::PathBuf;

use super::StepError;
use super::data_roots;
use super::known::{self, Known};
use super::materialize::hash_file;
use crate::diff::tree as diff;
use crate::fsio::FsError;
use crate::id::{BlobId, TreeId};
use crate::object::access::ReadObjects;
use crate::object::prolly;
use crate::object::tree::EntryValue;
use crate::path::RepoPath;
use crate::repo::Repo;
use crate::stat::Stat;
use crate::stat_cache::StatRow;
use crate::worktree::compare::KnownFiles;
use crate::worktree::plan::{Plan, PlannedFile, Why};

/// What is at a path of the worktree.
enum OnDisk {
    Nothing,
    File {
        stat: Stat,
        executable: bool,
    },
    Symlink(Option<Box<str>>),
    Directory,
    Other,
    /// What is nearest above it is no folder, so nothing of the repository can be there.
    Beyond(RepoPath),
}

/// From which states of the worktree a switch may start.
pub struct SwitchFrom {
    /// The tree the worktree is at.
    pub tree: Option<TreeId>,
    /// The trees that interrupted checkouts were bringing.
    pub interrupted: Vec<TreeId>,
}

/// Plans the way from one tree to another; files that equal neither side are conflicts unless
/// `force` says that they may be overwritten.
pub fn plan_switch(
    repo: &Repo,
    from: &SwitchFrom,
    to: Option<TreeId>,
    force: bool,
) -> Result<Plan, StepError> {
    let mut planner = Planner::new(repo, force);
    for (path, states) in paths_to_visit(repo, from, to)? {
        planner.visit(path, &states)?;
    }
    planner.finish()
}

/// The entries a path may have, and the one it shall get.
struct States {
    allowed: Vec<EntryValue>,
    target: Option<EntryValue>,
}

fn paths_to_visit(
    repo: &Repo,
    from: &SwitchFrom,
    to: Option<TreeId>,
) -> Result<BTreeMap<RepoPath, States>, StepError> {
    let read: &dyn ReadObjects = &repo.store;
    let mut visits: BTreeMap<RepoPath, States> = BTreeMap::new();
    // What this worktree is not to have stays away; what of it is there all the same goes along.
    let is_ours = |path: &RepoPath| repo.sparse.touches(path) || is_on_disk(repo, path);
    let changes = |from, to| diff::changes_where(read, from, to, &is_ours);
    for change in changes(from.tree, to)? {
        let allowed = change.old.iter().chain(&change.new).cloned().collect();
        visits.insert(change.path, States { allowed, target: change.new });
    }
    for interrupted in &from.interrupted {
        for change in changes(from.tree, Some(*interrupted))? {
            let target = match to {
                Some(to) => prolly::resolve(read, to, &change.path)?,
                None => None,
            };
            let states = visits
                .entry(change.path)
                .or_insert_with(|| States { allowed: change.old.into_iter().collect(), target });
            states.allowed.extend(change.new);
        }
    }
    Ok(visits)
}

/// Whether there is anything at a path of the worktree.
fn is_on_disk(repo: &Repo, path: &RepoPath) -> bool {
    repo.paths.root.join(path.as_str()).symlink_metadata().is_ok()
}

struct Planner<'p> {
    repo: &'p Repo,
    force: bool,
    known: Known<'p>,
    rows: HashMap<RepoPath, Vec<StatRow>>,
    plan: Plan,
    /// Folders that must make room for a file.
    replaced_dirs: Vec<RepoPath>,
    /// What was found for each folder by [`Planner::not_a_folder`].
    not_folders: HashMap<RepoPath, Option<RepoPath>>,
}

impl<'p> Planner<'p> {
    fn new(repo: &'p Repo, force: bool) -> Self {
        let known = Known::for_looking(repo);
        let (rows, plan) = (HashMap::new(), Plan::default());
        let (replaced_dirs, not_folders) = (Vec::new(), HashMap::new());
        Self { repo, force, known, rows, plan, replaced_dirs, not_folders }
    }

    fn disk_path(&self, path: &RepoPath) -> PathBuf {
        self.repo.paths.root.join(path.as_str())
    }

    fn look(&mut self, path: &RepoPath) -> Result<OnDisk, StepError> {
        if let Some(above) = path.parent().and_then(|parent| self.not_a_folder(&parent)) {
            // What makes room for the folder makes room for what is in it.
            let makes_room = self.plan.removals.contains(&above);
            return Ok(if makes_room { OnDisk::Nothing } else { OnDisk::Beyond(above) });
        }
        let disk = self.disk_path(path);
        let metadata = match std::fs::symlink_metadata(&disk) {
            Ok(metadata) => metadata,
            Err(e) if is_absent(&e) => return Ok(OnDisk::Nothing),
            Err(e) => return Err(FsError::new("look at", &disk, e).into()),
        };
        let kind = metadata.file_type();
        Ok(if kind.is_dir() {
            OnDisk::Directory
        } else if kind.is_symlink() {
            OnDisk::Symlink(known::read_link(&disk))
        } else if kind.is_file() {
            OnDisk::File { stat: Stat::of(&metadata), executable: is_executable(&metadata) }
        } else {
            OnDisk::Other
        })
    }

    /// The uppermost of `folder` and the folders above it that is something else, such as a link that
    /// leads elsewhere.
    fn not_a_folder(&mut self, folder: &RepoPath) -> Option<RepoPath> {
        if folder.is_root() {
            return None;
        }
        if let Some(known) = self.not_folders.get(folder) {
            return known.clone();
        }
        let above = folder.parent().and_then(|parent| self.not_a_folder(&parent));
        let is_other = || {
            let metadata = std::fs::symlink_metadata(self.disk_path(folder));
            metadata.is_ok_and(|metadata| !metadata.is_dir())
        };
        let found = above.or_else(|| is_other().then(|| folder.clone()));
        self.not_folders.insert(folder.clone(), found.clone());
        found
    }

    fn visit(&mut self, path: RepoPath, states: &States) -> Result<(), StepError> {
        let mut disk = self.look(&path)?;
        if let OnDisk::Beyond(above) = disk {
            if states.target.is_none() {
                return Ok(());
            }
            if !self.force {
                if self.plan.conflicts.last().is_none_or(|(last, _)| *last != above) {
                    self.plan.conflicts.push((above, Why::Untracked));
                }
                return Ok(());
            }
            self.plan.lost.push((above.clone(), Why::Untracked));
            self.plan.removals.push(above.clone());
            self.plan.dirs.push(above);
            disk = OnDisk::Nothing;
        }
        let present = match &disk {
            OnDisk::File { stat, .. } => self.id_on_disk(&path, *stat, &states.allowed)?,
            _ => None,
        };
        let is_safe = match &disk {
            OnDisk::Nothing | OnDisk::Directory => true,
            OnDisk::File { .. } => present.is_some(),
            OnDisk::Symlink(target) => states.allowed.iter().any(
                |v| matches!((v, target), (EntryValue::Symlink { target: a }, Some(b)) if a == b),
            ),
            OnDisk::Other | OnDisk::Beyond(_) => false,
        };
        if !is_safe {
            let why = if states.allowed.len() > usize::from(states.target.is_some()) {
                Why::Modified
            } else {
                Why::Untracked
            };
            if !self.force {
                self.plan.conflicts.push((path, why));
                return Ok(());
            }
            self.plan.lost.push((path.clone(), why));
        }
        match &states.target {
            None => self.plan_removal(path, &disk, states),
            Some(EntryValue::Directory { .. }) => self.plan_directory(path, &disk),
            Some(EntryValue::Symlink { target }) => self.plan_symlink(path, &disk, target),
            Some(EntryValue::File { id, size, executable }) => {
                let file = PlannedFile { path, id: *id, size: *size, executable: *executable };
                self.plan_file(file, &disk, present);
            }
        }
        Ok(())
    }

    /// The id of a file that is in one of the allowed states; `None` for any other content.
    fn id_on_disk(
        &mut self,
        path: &RepoPath,
        stat: Stat,
        allowed: &[EntryValue],
    ) -> Result<Option<BlobId>, StepError> {
        let ids: Vec<BlobId> = allowed
            .iter()
            .filter_map(|v| match v {
                EntryValue::File { id, size, .. } if *size == stat.size => Some(*id),
                _ => None,
            })
            .collect();
        if ids.is_empty() {
            return Ok(None);
        }
        let dir = path.parent().unwrap_or_else(RepoPath::root);
        let known = &self.known;
        let rows = self.rows.entry(dir).or_insert_with_key(|dir| known.rows(dir).collect());
        let row = path.name().and_then(|name| {
            rows.binary_search_by(|r| (*r.name).cmp(name)).ok().map(|at| &rows[at])
        });
        let id = match row.filter(|r| r.stat == stat) {
            Some(row) => row.id,
            None => {
                let disk = self.disk_path(path);
                hash_file(&disk).map_err(|e| FsError::new("read", &disk, e))?
            }
        };
        Ok(ids.contains(&id).then_some(id))
    }

    fn plan_removal(&mut self, path: RepoPath, disk: &OnDisk, states: &States) {
        match disk {
            OnDisk::Nothing | OnDisk::Other | OnDisk::Beyond(_) => {}
            OnDisk::File { .. } | OnDisk::Symlink(_) => self.plan.removals.push(path),
            OnDisk::Directory => {
                let was_dir = |v: &EntryValue| matches!(v, EntryValue::Directory { .. });
                if states.allowed.iter().any(was_dir) {
                    self.plan.dir_removals.push(path);
                }
            }
        }
    }

    fn plan_directory(&mut self, path: RepoPath, disk: &OnDisk) {
        match disk {
            OnDisk::Directory => return,
            OnDisk::Nothing => {}
            _ => self.plan.removals.push(path.clone()),
        }
        self.plan.dirs.push(path);
    }

    fn plan_symlink(&mut self, path: RepoPath, disk: &OnDisk, target: &str) {
        match disk {
            OnDisk::Symlink(Some(present)) if **present == *target => return,
            OnDisk::Nothing => {}
            OnDisk::Directory => self.make_room(path.clone()),
            _ => self.plan.removals.push(path.clone()),
        }
        self.plan.symlinks.push((path, target.into()));
    }

    fn plan_file(&mut self, file: PlannedFile, disk: &OnDisk, present: Option<BlobId>) {
        match disk {
            OnDisk::File { executable, .. } if present == Some(file.id) => {
                if *executable != file.executable {
                    self.plan.mode_changes.push((file.path, file.executable));
                }
                return;
            }
            OnDisk::Directory => self.make_room(file.path.clone()),
            OnDisk::Symlink(_) | OnDisk::Other => self.plan.removals.push(file.path.clone()),
            OnDisk::Nothing | OnDisk::Beyond(_) | OnDisk::File { .. } => {}
        }
        self.plan.files.push(file);
    }

    fn make_room(&mut self, dir: RepoPath) {
        self.plan.dir_removals.push(dir.clone());
        self.replaced_dirs.push(dir);
    }

    fn finish(mut self) -> Result<Plan, StepError> {
        let removed: HashSet<&RepoPath> = self.plan.removals.iter().collect();
        let mut blocked = Vec::new();
        for dir in &self.replaced_dirs {
            let walk = walkdir::WalkDir::new(self.disk_path(dir));
            let files = walk.into_iter().flatten().filter(|e| !e.file_type().is_dir());
            for entry in files {
                let relative = entry.path().strip_prefix(&self.repo.paths.root).ok();
                let path = relative.and_then(|r| r.to_str()).and_then(|r| RepoPath::parse(r).ok());
                if !path.as_ref().is_some_and(|p| removed.contains(p)) {
                    blocked.push((path.unwrap_or_else(|| dir.clone()), Why::Untracked));
                }
            }
        }
        self.plan.conflicts.extend(blocked);
        sort_dirs(&mut self.plan);
        data_roots::keep_off_git(self.repo, &mut self.plan)?;
        Ok(self.plan)
    }
}

/// Folders are made from the top and removed from the bottom.
pub(super) fn sort_dirs(plan: &mut Plan) {
    plan.dirs.sort();
    plan.dirs.dedup();
    plan.dir_removals.sort_by(|a, b| b.cmp(a));
    plan.dir_removals.dedup();
}

fn is_absent(e: &std::io::Error) -> bool {
    matches!(e.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory)
}

#[cfg(unix)]
fn is_executable(metadata: &std::fs::Metadata) -> bool {
    std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o100 != 0
}

#[cfg(not(unix))]
fn is_executable(_: &std::fs::Metadata) -> bool {
    false
}
