//! Where a scan starts: at the root, or at the paths that were asked for.

use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::io;
use std::path::Path;

use super::listing::kind_of;
use super::walk::{Found, Start};
use super::{Reason, ScanOptions, ScannedDir, ScannedEntry, ScannedKind};
use crate::path::RepoPath;
use crate::stat::Stat;
use crate::worktree::ignore::Ignore;

/// The folders to list. What was asked for by name is put into `found` as incomplete folders.
pub(super) fn starting_points(
    root: &Path,
    options: &ScanOptions<'_>,
    found: &mut Found,
) -> Vec<Start> {
    let mut paths = options.paths.clone();
    if paths.is_empty() {
        paths.push(RepoPath::root());
    }
    paths.sort_unstable();
    paths.dedup();
    let mut selection = Selection {
        root,
        honour_ignore: options.honour_ignore,
        found,
        parents: BTreeMap::new(),
        listed: BTreeMap::new(),
        start: Vec::new(),
    };
    for path in paths {
        selection.select(path);
    }
    let Selection { listed, start, .. } = selection;
    found.dirs.extend(listed.into_values());
    start
}

struct Selection<'a> {
    root: &'a Path,
    honour_ignore: bool,
    found: &'a mut Found,
    /// Folders above the paths asked for, each looked at once.
    parents: BTreeMap<RepoPath, Parent>,
    listed: BTreeMap<RepoPath, ScannedDir>,
    start: Vec<Start>,
}

/// What a folder above a path turned out to be.
#[derive(Clone)]
enum Parent {
    Open(Ignore),
    Missing,
    Symlink,
    Ignored(String),
    Unreadable(String),
}

impl Selection<'_> {
    fn select(&mut self, path: RepoPath) {
        let Some(above) = path.parent() else {
            return self.start.push(Start { path, above: Ignore::none() });
        };
        match self.parent(&above) {
            Parent::Open(rules) => self.look_at(path, &above, rules),
            Parent::Missing => self.found.missing.push(path),
            Parent::Symlink => self.found.problem(path.as_str(), Reason::BeyondSymlink),
            Parent::Ignored(rule) => self.leave_out(&path, rule),
            Parent::Unreadable(detail) => {
                self.found.problem(path.as_str(), Reason::Unreadable(detail));
            }
        }
    }

    fn look_at(&mut self, path: RepoPath, above: &RepoPath, rules: Ignore) {
        match fs::symlink_metadata(self.root.join(path.as_str())) {
            Ok(metadata) => match ignoring(&rules, &path, metadata.is_dir()) {
                Some(rule) => self.leave_out(&path, rule),
                None if self.is_covered(&path) => {}
                None => self.list(path, above, rules, &metadata),
            },
            Err(error) if is_absent(&error) => self.found.missing.push(path),
            Err(error) => self.found.problem(path.as_str(), Reason::Unreadable(error.to_string())),
        }
    }

    /// Whether the walk comes by this path anyway: in path order, a folder precedes all below it.
    fn is_covered(&self, path: &RepoPath) -> bool {
        self.start.last().is_some_and(|start| path.starts_with(&start.path))
    }

    fn leave_out(&mut self, path: &RepoPath, rule: String) {
        // The walk counts what it leaves out itself.
        self.found.ignored += u64::from(!self.is_covered(path));
        self.found.problem(path.as_str(), Reason::Ignored(rule));
    }

    fn list(&mut self, path: RepoPath, above: &RepoPath, rules: Ignore, metadata: &Metadata) {
        let name: Box<str> = path.name().expect("the root is selected apart").into();
        let listed = self.listed.entry(above.clone()).or_insert_with(|| ScannedDir {
            path: above.clone(),
            entries: Vec::new(),
            withheld: Vec::new(),
            is_complete: false,
            sealed_as: None,
        });
        match kind_of(metadata) {
            Ok(kind) => {
                listed.entries.push(ScannedEntry { name, kind, stat: Stat::of(metadata) });
                if kind == ScannedKind::Directory {
                    self.start.push(Start { path, above: rules });
                }
            }
            Err(reason) => {
                listed.withheld.push(name);
                self.found.problem(path.as_str(), reason);
            }
        }
    }

    /// What the folder `dir` is, looking at each folder above it once.
    fn parent(&mut self, dir: &RepoPath) -> Parent {
        let mut here = RepoPath::root();
        let mut state =
            self.known(&here, |selection| selection.open(&RepoPath::root(), &Ignore::none()));
        for name in dir.components() {
            let Parent::Open(rules) = &state else { break };
            let rules = rules.clone();
            here = here.join(name).expect("a part of a checked path is a valid name");
            let path = here.clone();
            state = self.known(&here, |selection| selection.step(&path, &rules));
        }
        state
    }

    fn known(&mut self, dir: &RepoPath, find: impl FnOnce(&mut Self) -> Parent) -> Parent {
        if let Some(known) = self.parents.get(dir) {
            return known.clone();
        }
        let state = find(self);
        self.parents.insert(dir.clone(), state.clone());
        state
    }

    fn step(&mut self, dir: &RepoPath, rules: &Ignore) -> Parent {
        match fs::symlink_metadata(self.root.join(dir.as_str())) {
            Ok(metadata) if metadata.is_symlink() => Parent::Symlink,
            Ok(metadata) if !metadata.is_dir() => Parent::Missing,
            Ok(_) => match ignoring(rules, dir, true) {
                Some(rule) => Parent::Ignored(rule),
                None => self.open(dir, rules),
            },
            Err(error) if is_absent(&error) => Parent::Missing,
            Err(error) => Parent::Unreadable(error.to_string()),
        }
    }

    fn open(&mut self, dir: &RepoPath, above: &Ignore) -> Parent {
        if !self.honour_ignore {
            return Parent::Open(Ignore::none());
        }
        let disk = self.root.join(dir.as_str());
        Parent::Open(self.found.rules_below(dir, &disk, above))
    }
}

fn ignoring(rules: &Ignore, path: &RepoPath, is_dir: bool) -> Option<String> {
    rules.matched(path.as_str(), is_dir).filter(|rule| rule.ignores).map(|rule| rule.to_string())
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}
