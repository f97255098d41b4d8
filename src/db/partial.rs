//! What of a repository is elsewhere on purpose: data that a remote holds, history that was cut off, and
//! paths that are not wanted in a worktree.
//!
//! The tables are made when the first row needs them, and give the database format 3: an esker that does
//! not know them would take for lost, or for deleted, what is merely not here. Each row is a fact in
//! `refs.log` too, so that a rebuilt database still tells what is absent from what is damaged.

use super::forgotten::NOT;
use super::{DbError, Tx, View};
use crate::id::CommitId;
use crate::path::{PathSet, RepoPath};
use crate::refs::WorktreeId;
use std::collections::{BTreeMap, BTreeSet};

const PROMISED: &str = "promised";
const SHALLOW: &str = "shallow";
const SPARSE: &str = "sparse";

/// Begin the names of these facts in `refs.log`; a commit's id, or the number of a worktree, follows.
pub(super) const FACTS: [&str; 3] = ["promised.", "shallow.", "sparse."];

/// The row of `meta` that names this clone to remotes.
pub(super) const CLONE_ID: &str = "clone_id";

/// Ends each rule of a sparse set: no name may hold it.
const END: char = '\0';

/// What of the history is elsewhere on purpose.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Absent {
    /// Commits whose files, and those of all commits before them, may be missing here; and the remote that
    /// they were fetched from, which has them.
    pub promised: BTreeMap<CommitId, String>,
    /// Commits whose parents were not fetched.
    pub shallow: BTreeSet<CommitId>,
}

impl Absent {
    /// Whether nothing is: every object that is missing is lost.
    pub fn is_empty(&self) -> bool {
        self.promised.is_empty() && self.shallow.is_empty()
    }
}

impl View<'_> {
    /// What of the history is elsewhere on purpose.
    pub fn absent(&self) -> Result<Absent, DbError> {
        let mut absent = Absent::default();
        if self.has_table(PROMISED)? {
            let sql = "SELECT commit_id, remote FROM promised ORDER BY commit_id";
            let rows =
                self.all(sql, [], |row| Ok((CommitId::from_bytes(row.get(0)?), row.get(1)?)))?;
            absent.promised = rows.into_iter().collect();
        }
        if self.has_table(SHALLOW)? {
            let sql = "SELECT commit_id FROM shallow ORDER BY commit_id";
            let rows = self.all(sql, [], |row| Ok(CommitId::from_bytes(row.get(0)?)))?;
            absent.shallow = rows.into_iter().collect();
        }
        Ok(absent)
    }

    /// What a worktree is to have.
    pub fn sparse(&self, worktree: WorktreeId) -> Result<PathSet, DbError> {
        if !self.has_table(SPARSE)? {
            return Ok(PathSet::ALL);
        }
        let sql = "SELECT paths FROM sparse WHERE worktree = ?1";
        let text = self.one(sql, [worktree.0], |row| Ok(row.get::<_, String>(0)?))?;
        text.map_or(Ok(PathSet::ALL), |text| set_of(&text))
    }

    /// What `refs.log` must say of all this, by the names of the facts.
    pub(super) fn partial_facts(&self) -> Result<Vec<(String, String)>, DbError> {
        let Absent { promised, shallow } = self.absent()?;
        let mut facts: Vec<(String, String)> = Vec::new();
        facts.extend(promised.into_iter().map(|(id, remote)| (promised_fact(id), remote)));
        facts.extend(shallow.into_iter().map(|id| (shallow_fact(id), YES.to_owned())));
        if self.has_table(SPARSE)? {
            let sql = "SELECT worktree, paths FROM sparse ORDER BY worktree";
            let rows = self.all(sql, [], |row| {
                Ok((sparse_fact(WorktreeId(row.get(0)?)), sparse_value(row.get(1)?)))
            })?;
            facts.extend(rows);
        }
        Ok(facts)
    }
}

/// Value of the fact that a commit is shallow.
const YES: &str = "1";

fn promised_fact(commit: CommitId) -> String {
    format!("{}{commit}", FACTS[0])
}

fn shallow_fact(commit: CommitId) -> String {
    format!("{}{commit}", FACTS[1])
}

fn sparse_fact(worktree: WorktreeId) -> String {
    format!("{}{}", FACTS[2], worktree.0)
}

/// A set as a fact; it begins so that not even an empty one looks like [`NOT`].
fn sparse_value(paths: String) -> String {
    format!("={paths}")
}

/// A set as text: of each rule its sign, its path and [`END`]; the root's comes first, if it is in it.
fn text_of(set: &PathSet) -> String {
    let (all, rules) = set.rules();
    let mut text = if all { format!("+{END}") } else { String::new() };
    for (path, is_in) in rules {
        let sign = if *is_in { '+' } else { '-' };
        text.extend([sign]);
        text.push_str(path.as_str());
        text.push(END);
    }
    text
}

fn set_of(text: &str) -> Result<PathSet, DbError> {
    let (mut all, mut rules) = (false, Vec::new());
    for rule in text.split_terminator(END) {
        let wrong = |why: String| DbError::damaged(format!("rule of a sparse worktree: {why}"));
        let (path, is_in) = match (rule.strip_prefix('+'), rule.strip_prefix('-')) {
            (Some(path), _) => (path, true),
            (_, Some(path)) => (path, false),
            _ => return Err(wrong("it has no sign".to_owned())),
        };
        match path {
            "" => all = is_in,
            path => rules.push((RepoPath::parse(path).map_err(|e| wrong(e.to_string()))?, is_in)),
        }
    }
    Ok(PathSet::from_rules(all, rules))
}

impl Tx<'_> {
    /// Records that files which a commit reaches may be missing here, since a remote has them.
    pub fn promise(&self, commit: CommitId, remote: &str) -> Result<(), DbError> {
        self.store_promise(commit, remote)?;
        self.log_fact(promised_fact(commit), remote.to_owned());
        Ok(())
    }

    /// Records that nothing is missing any more for the sake of this commit; others may say so of the same
    /// files. Says whether something was.
    pub fn withdraw_promise(&self, commit: CommitId) -> Result<bool, DbError> {
        let was = self.has_table(PROMISED)?
            && self.run("DELETE FROM promised WHERE commit_id = ?1", [commit.as_bytes()])? > 0;
        if was {
            self.log_fact(promised_fact(commit), NOT.to_owned());
        }
        Ok(was)
    }

    /// Records that the parents of a commit were not fetched.
    pub fn set_shallow(&self, commit: CommitId) -> Result<(), DbError> {
        self.store_shallow(commit)?;
        self.log_fact(shallow_fact(commit), YES.to_owned());
        Ok(())
    }

    /// Records that the parents of a commit are here by now; says whether they were not.
    pub fn clear_shallow(&self, commit: CommitId) -> Result<bool, DbError> {
        let was = self.has_table(SHALLOW)?
            && self.run("DELETE FROM shallow WHERE commit_id = ?1", [commit.as_bytes()])? > 0;
        if was {
            self.log_fact(shallow_fact(commit), NOT.to_owned());
        }
        Ok(was)
    }

    /// Records what a worktree is to have.
    pub fn set_sparse(&self, worktree: WorktreeId, set: &PathSet) -> Result<(), DbError> {
        if !set.is_all() {
            let text = text_of(set);
            self.store_sparse(worktree, &text)?;
            self.log_fact(sparse_fact(worktree), sparse_value(text));
            return Ok(());
        }
        if self.has_table(SPARSE)?
            && self.run("DELETE FROM sparse WHERE worktree = ?1", [worktree.0])? > 0
        {
            self.log_fact(sparse_fact(worktree), NOT.to_owned());
        }
        Ok(())
    }

    /// A name for this clone, by which remotes keep commits for it: the one it has, or `new` from now on.
    pub fn clone_id(&self, new: &str) -> Result<String, DbError> {
        if let Some(id) = self.meta(CLONE_ID)? {
            return Ok(id);
        }
        self.set_logged_meta(CLONE_ID, new.to_owned())?;
        Ok(new.to_owned())
    }

    fn store_promise(&self, commit: CommitId, remote: &str) -> Result<(), DbError> {
        self.make_table(PROMISED)?;
        let sql = "INSERT OR REPLACE INTO promised(commit_id, remote) VALUES(?1, ?2)";
        self.run(sql, (commit.as_bytes(), remote))?;
        Ok(())
    }

    fn store_shallow(&self, commit: CommitId) -> Result<(), DbError> {
        self.make_table(SHALLOW)?;
        self.run("INSERT OR IGNORE INTO shallow(commit_id) VALUES(?1)", [commit.as_bytes()])?;
        Ok(())
    }

    fn store_sparse(&self, worktree: WorktreeId, paths: &str) -> Result<(), DbError> {
        self.make_table(SPARSE)?;
        let sql = "INSERT OR REPLACE INTO sparse(worktree, paths) VALUES(?1, ?2)";
        self.run(sql, (worktree.0, paths))?;
        Ok(())
    }

    /// Takes over the facts of `refs.log` that are about what is absent.
    pub(super) fn restore_partial(&self, facts: &BTreeMap<String, String>) -> Result<(), DbError> {
        for (name, value) in facts.iter().filter(|(_, value)| *value != NOT) {
            let part = |at: usize| name.strip_prefix(FACTS[at]);
            if let Some(Ok(commit)) = part(0).map(str::parse) {
                self.store_promise(commit, value)?;
            } else if let Some(Ok(commit)) = part(1).map(str::parse) {
                self.store_shallow(commit)?;
            } else if let (Some(Ok(number)), Some(paths)) =
                (part(2).map(str::parse), value.strip_prefix('='))
            {
                self.store_sparse(WorktreeId(number), paths)?;
            }
        }
        Ok(())
    }
}
