//! Files read while they come, and fetches that end before they came.

use super::*;
use crate::id::BlobId;
use crate::object::access::ReadObjects;
use crate::object::prolly;
use crate::object::tree::{Entry, EntryValue};
use crate::store::read::read_range;
use crate::sync::arriving::{Arriving, Beside};
use crate::sync::download::Scope;

/// Reads every file of a commit from what comes.
struct Reader {
    commit: CommitId,
    planned: Mutex<Vec<(BlobId, u64)>>,
    read: Mutex<Vec<Result<BlobId, SyncError>>>,
}

impl Reader {
    fn new(commit: CommitId) -> Self {
        Self { commit, planned: Mutex::default(), read: Mutex::default() }
    }
}

impl Beside for Reader {
    fn plan(&self, read: &dyn ReadObjects) -> Vec<(BlobId, u64)> {
        let root = read.read_root(self.commit).expect("the root");
        let blob = |entry: Entry| match entry.value {
            EntryValue::File { id, size, .. } => Some((id, size)),
            _ => None,
        };
        let entries = prolly::iterate(read, root).map(|entry| entry.expect("an entry"));
        let blobs: Vec<_> = entries.filter_map(blob).collect();
        self.planned.lock().expect("lock").clone_from(&blobs);
        blobs
    }

    fn run(&self, source: &Arriving<'_>) {
        for &(id, size) in &*self.planned.lock().expect("lock") {
            let mut bytes = Vec::new();
            let read = read_range(source, id, size, 0..size, &mut bytes);
            self.read.lock().expect("lock").push(read.map(|()| BlobId::of(&bytes)));
        }
    }
}

/// Files of many kinds in several packs; some bytes lie in more than one of them.
fn site(to: &Memory) -> (Site, CommitId) {
    let site = Site::new();
    site.write("a.csv", &table_text(150_000));
    for n in 0..40 {
        site.write(&format!("f{n}"), &noise(100 + n, 3_000));
    }
    let first = site.commit("first");
    site.push(to, "main", first).expect("push");
    site.write("b", &noise(1, 9 << 20));
    site.write("c.csv", &[table_text(150_000), noise(2, 3 << 20)].concat());
    site.write("empty", b"");
    let second = site.commit("second");
    site.push(to, "main", second).expect("push");
    (site, second)
}

#[test]
fn files_can_be_read_while_they_come() {
    let memory = Memory::new();
    let (site, commit) = site(&memory);
    let reader = Reader::new(commit);
    Site::sibling(&site).fetch_as(&memory, Scope::default(), Some(&reader)).expect("fetch");
    let planned: Vec<BlobId> = reader.planned.lock().expect("lock").iter().map(|b| b.0).collect();
    let read: Vec<BlobId> =
        reader.read.into_inner().expect("lock").into_iter().map(|id| id.expect("read")).collect();
    assert_eq!(planned.len(), 44);
    assert_eq!(read, planned);
}

#[test]
fn who_waits_for_what_does_not_come_is_told() {
    let memory = Memory::new();
    let (site, commit) = site(&memory);
    let packs = newest(&memory).1.packs.into_iter();
    let data = packs.filter(|(_, pack)| pack.kind == PackKind::Data).max_by_key(|(_, p)| p.bytes);
    memory.delete(&Area::Pack.key(data.expect("a pack").0)).expect("delete");
    let reader = Reader::new(commit);
    Site::sibling(&site)
        .fetch_as(&memory, Scope::default(), Some(&reader))
        .expect_err("a pack is gone");
    let read = reader.read.into_inner().expect("lock");
    assert_eq!(read.len(), 44, "nobody waits for ever");
    assert!(read.iter().any(Result::is_err));
}

#[test]
fn where_something_is_already_nothing_is_done_beside() {
    let memory = Memory::new();
    let (site, commit) = site(&memory);
    let reader = Reader::new(commit);
    let other = Site::sibling(&site);
    other.write("own", b"mine");
    other.commit("own");
    other.fetch_as(&memory, Scope::default(), Some(&reader)).expect("fetch");
    assert!(reader.planned.into_inner().expect("lock").is_empty());
}
