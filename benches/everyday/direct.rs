//! Trees and commits written through the library, without the files that they speak of.

use std::path::Path;

use esker::config::{self, Files};
use esker::db::Access;
use esker::id::{BlobId, CommitId, TreeId};
use esker::object::access::{AccessError, MemoryObjects, WriteObjects};
use esker::object::paths::edit_sorted;
use esker::object::{Commit, EntryValue, Person};
use esker::path::RepoPath;
use esker::refs::RefNote;
use esker::repo::{Repo, RepoPaths};
use esker::store::objects::ObjectWriter;

use crate::Outcome;

/// 2024-01-01, a commit a minute from then on.
pub const START: i64 = 1_704_067_200;

/// The repository in a folder.
pub fn open(folder: &Path) -> Outcome<Repo> {
    let settings = config::load(&Files::default(), &[], &[]).map_err(|e| e.to_string())?;
    Ok(Repo::open(RepoPaths::of_root(folder), settings, Access::ReadWrite)?)
}

/// What reflogs say.
pub fn note() -> RefNote {
    let (who, message) = ("bench".to_owned(), "bench".to_owned());
    RefNote { who, time: START, tz_minutes: 0, message }
}

/// Takes trees in memory, so that the next edit can read them, and on their way to the store.
#[derive(Default)]
struct Written(Vec<(TreeId, Vec<u8>)>);

impl WriteObjects for Written {
    fn write_tree(&mut self, id: TreeId, encoded: Vec<u8>) -> Result<(), AccessError> {
        self.0.push((id, encoded));
        Ok(())
    }

    fn write_commit(&mut self, _: CommitId, _: Vec<u8>) -> Result<(), AccessError> {
        Ok(())
    }

    fn write_tag(&mut self, _: esker::id::TagId, _: Vec<u8>) -> Result<(), AccessError> {
        Ok(())
    }
}

/// Writes a tree with some files changed; `files` are paths and contents.
pub fn write_tree(
    memory: &mut MemoryObjects,
    writer: &mut ObjectWriter<'_>,
    tree: Option<TreeId>,
    files: impl IntoIterator<Item = (String, String)>,
) -> Outcome<TreeId> {
    let edits = files.into_iter().map(|(path, content)| {
        let (id, size) = (BlobId::of(content.as_bytes()), content.len() as u64);
        Ok((RepoPath::parse(&path)?, Some(EntryValue::File { id, size, executable: false })))
    });
    let mut edits = edits.collect::<Outcome<Vec<_>>>()?;
    edits.sort_by(|a, b| a.0.cmp(&b.0));
    let mut written = Written::default();
    let top = edit_sorted(memory, tree, &edits, &mut written)?;
    for (id, encoded) in written.0 {
        memory.write_tree(id, encoded.clone())?;
        writer.write_tree(id, encoded)?;
    }
    Ok(top.id)
}

/// Writes a commit.
pub fn write_commit(
    writer: &mut ObjectWriter<'_>,
    tree: TreeId,
    parents: Vec<CommitId>,
    number: usize,
) -> Outcome<CommitId> {
    let person = Person {
        name: "bench".to_owned(),
        email: "b@example.com".to_owned(),
        seconds: START + 60 * number as i64,
        offset_minutes: 0,
    };
    let commit = Commit {
        tree,
        attributes: None,
        parents,
        author: person.clone(),
        committer: person,
        message: format!("commit {number}\n"),
        metadata: Default::default(),
        signature: None,
    };
    let encoded = commit.encode()?;
    let id = CommitId::of(&encoded);
    writer.write_commit(id, encoded)?;
    Ok(id)
}
