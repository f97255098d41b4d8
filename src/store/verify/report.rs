//! What a check found: problems by what they are about, and the objects lost by each.

use std::collections::HashMap;
use std::fmt;
use std::ops::AddAssign;
use std::sync::{Mutex, PoisonError};

use crate::db::TableId;
use crate::id::{BlobId, CommitId, PackId, TagId, TreeId};

/// Paths and refs named for one problem.
pub(super) const MAX_AFFECTED: usize = 10;

/// What a problem is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// A file of the repository that is neither pack nor table.
    File(String),
    /// A pack.
    Pack(PackId),
    /// The block of a pack that begins at this offset.
    Block(PackId, u32),
    /// A table.
    Table(TableId),
    /// A commit.
    Commit(CommitId),
    /// A tag object.
    Tag(TagId),
    /// A directory, or a node of a large one.
    Tree(TreeId),
    /// The content of files.
    Blob(BlobId),
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(name) => f.write_str(name),
            Self::Pack(id) => write!(f, "pack {id}"),
            Self::Block(id, offset) => write!(f, "block at {offset} of pack {id}"),
            Self::Table(id) => write!(f, "table {id}"),
            Self::Commit(id) => write!(f, "commit {id}"),
            Self::Tag(id) => write!(f, "tag {id}"),
            Self::Tree(id) => write!(f, "tree {id}"),
            Self::Blob(id) => write!(f, "file content {id}"),
        }
    }
}

/// Something missing or damaged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What is missing or damaged: the lowest thing that explains the loss.
    pub subject: Subject,
    /// What is wrong with it.
    pub what: String,
    /// At most ten of the paths, as `REV:path`, and refs that need it.
    pub affected: Vec<String>,
    /// How many commits, trees and files are lost by it.
    pub lost_objects: u64,
}

/// How much was checked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Reachable commits.
    pub commits: u64,
    /// Those among them whose files were let go.
    pub forgotten: u64,
    /// Those among them whose parents were not fetched.
    pub shallow: u64,
    /// Different contents that are not here, since a remote has them.
    pub promised: u64,
    /// Bytes of those contents.
    pub promised_bytes: u64,
    /// Nodes of trees.
    pub trees: u64,
    /// Files that the trees name.
    pub files: u64,
    /// Different contents among them.
    pub blobs: u64,
    /// Chunks of these contents.
    pub chunks: u64,
    /// Live packs.
    pub packs: u64,
    /// Tables.
    pub tables: u64,
    /// Blocks read and verified.
    pub blocks_read: u64,
    /// Bytes of these blocks, as stored.
    pub bytes_read: u64,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.commits += other.commits;
        self.forgotten += other.forgotten;
        self.shallow += other.shallow;
        self.promised += other.promised;
        self.promised_bytes += other.promised_bytes;
        self.trees += other.trees;
        self.files += other.files;
        self.blobs += other.blobs;
        self.chunks += other.chunks;
        self.packs += other.packs;
        self.tables += other.tables;
        self.blocks_read += other.blocks_read;
        self.bytes_read += other.bytes_read;
    }
}

/// What a check found.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// What is missing or damaged, storage before objects.
    pub problems: Vec<Problem>,
    /// How much was checked.
    pub counts: Counts,
    /// The objects that are lost by them.
    pub lost: Vec<Lost>,
}

impl Report {
    pub(super) fn new(problems: Mutex<Problems>, counts: Counts) -> Self {
        let found = problems.into_inner().unwrap_or_else(PoisonError::into_inner);
        let lost = found.lost.into_keys().collect();
        let mut problems = found.list;
        // Threads report in any order.
        problems.sort_by(|a, b| a.subject.cmp(&b.subject));
        Self { problems, counts, lost }
    }

    /// Whether contents of files are lost, so that files known to be unchanged must be read again.
    pub fn has_lost_content(&self) -> bool {
        self.lost.iter().any(|lost| matches!(lost, Lost::Blob(_)))
    }

    /// Whether nothing is missing or damaged.
    pub fn is_clean(&self) -> bool {
        self.problems.is_empty()
    }
}

/// An object that cannot be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lost {
    /// A commit.
    Commit(CommitId),
    /// A tag object.
    Tag(TagId),
    /// A directory, or a node of a large one.
    Tree(TreeId),
    /// The content of files.
    Blob(BlobId),
}

/// The problems found so far, each subject once.
#[derive(Default)]
pub(super) struct Problems {
    list: Vec<Problem>,
    index: HashMap<Subject, usize>,
    /// By which problem each object is lost.
    lost: HashMap<Lost, usize>,
    /// What is wrong with bad blocks; they become problems when something is lost by them.
    blocks: HashMap<(PackId, u32), String>,
}

impl Problems {
    /// Adds a problem, or finds the one there is about the subject; returns its number.
    pub(super) fn report(&mut self, subject: Subject, what: impl Into<String>) -> usize {
        if let Some(&at) = self.index.get(&subject) {
            return at;
        }
        let mut what = what.into();
        if let Subject::Block(pack, offset) = &subject
            && let Some(known) = self.blocks.get(&(*pack, *offset))
        {
            what.clone_from(known);
        }
        self.index.insert(subject.clone(), self.list.len());
        let affected = Vec::new();
        self.list.push(Problem { subject, what, affected, lost_objects: 0 });
        self.list.len() - 1
    }

    /// Adds a problem by which an object is lost; returns its number.
    pub(super) fn report_lost(
        &mut self,
        lost: Lost,
        subject: Subject,
        what: impl Into<String>,
    ) -> usize {
        let at = self.report(subject, what);
        if self.lost.insert(lost, at).is_none() {
            self.list[at].lost_objects += 1;
        }
        at
    }

    /// Names who needs what is lost by problem `at`; says whether that was news.
    pub(super) fn needed_by(&mut self, at: usize, who: impl FnOnce() -> String) -> bool {
        let affected = &mut self.list[at].affected;
        if affected.len() >= MAX_AFFECTED {
            return false;
        }
        let who = who();
        let is_new = !affected.contains(&who);
        if is_new {
            affected.push(who);
        }
        is_new
    }

    /// Remembers what is wrong with bad blocks.
    pub(super) fn describe_blocks(
        &mut self,
        blocks: impl Iterator<Item = ((PackId, u32), String)>,
    ) {
        self.blocks.extend(blocks);
    }

    /// The lost objects that have paths, each with its problem's number.
    pub(super) fn lost_below_commits(&self) -> HashMap<Lost, usize> {
        let has_path = |lost: &Lost| matches!(lost, Lost::Tree(_) | Lost::Blob(_));
        self.lost.iter().filter(|(lost, _)| has_path(lost)).map(|(lost, at)| (*lost, *at)).collect()
    }
}
