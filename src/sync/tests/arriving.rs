//! Files read while they come, and fetches that end before they came.

use std::io::Write;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::*;
use crate::id::BlobId;
use crate::object::access::ReadObjects;
use crate::object::prolly;
use crate::object::tree::{Entry, EntryValue};
use crate::remote::Fault;
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

    fn begins_at_both_ends(&self) -> bool {
        true
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

/// A store that hands out long answers in odd pieces, and the last of the longest one only when `go` says so.
struct Trickle<'t> {
    inner: Memory,
    go: &'t (dyn Fn() -> bool + Sync),
    is_in_time: Mutex<bool>,
}

/// Answers above this length, in bytes, are held back for the end of them.
const LONG: usize = 8 << 20;

impl Around for Trickle<'_> {
    fn inner(&self) -> &dyn Transport {
        &self.inner
    }

    fn pass<T>(
        &self,
        _: Operation,
        _: &str,
        act: impl FnOnce() -> Result<T, TransportError>,
    ) -> Result<T, TransportError> {
        act()
    }

    fn pass_read(
        &self,
        key: &str,
        range: Option<Range<u64>>,
        out: &mut dyn Write,
    ) -> Result<u64, TransportError> {
        let mut bytes = Vec::new();
        self.inner.read(key, range, &mut bytes)?;
        let fail = |e| TransportError::new("read", "", key, Fault::Failed, e);
        let (mut rest, mut len) = (&bytes[..], 1);
        while !rest.is_empty() {
            if bytes.len() > LONG && rest.len() <= 64 << 10 {
                let until = Instant::now() + Duration::from_secs(20);
                while !(self.go)() && Instant::now() < until {
                    std::thread::sleep(Duration::from_millis(2));
                }
                *self.is_in_time.lock().expect("lock") = (self.go)();
            }
            let (now, later) = rest.split_at(len.min(rest.len()));
            out.write_all(now).map_err(fail)?;
            (rest, len) = (later, (len * 7 + 1) % 40_009);
        }
        Ok(bytes.len() as u64)
    }
}

/// Reads how some files begin.
struct Starts {
    blobs: Vec<(BlobId, u64)>,
    bytes: Vec<Vec<u8>>,
    read: AtomicUsize,
}

impl Beside for Starts {
    fn plan(&self, _: &dyn ReadObjects) -> Vec<(BlobId, u64)> {
        self.blobs.clone()
    }

    fn begins_at_both_ends(&self) -> bool {
        false
    }

    fn run(&self, source: &Arriving<'_>) {
        for (&(id, size), whole) in self.blobs.iter().zip(&self.bytes) {
            let mut bytes = Vec::new();
            read_range(source, id, size, 0..1 << 20, &mut bytes).expect("read");
            assert_eq!(bytes, whole[..1 << 20]);
            self.read.fetch_add(1, Ordering::SeqCst);
        }
    }
}

#[test]
fn a_file_can_be_read_before_its_pack_is_whole() {
    let site = Site::new();
    let bytes = vec![noise(1, 6 << 20), noise(2, 6 << 20)];
    site.write("a", &bytes[0]);
    site.write("b", &bytes[1]);
    let commit = site.commit("two");
    let memory = Memory::new();
    site.push(&memory, "main", commit).expect("push");
    let blobs = bytes.iter().map(|bytes| (BlobId::of(bytes), bytes.len() as u64)).collect();
    let starts = Starts { blobs, bytes, read: AtomicUsize::new(0) };
    let go = || starts.read.load(Ordering::SeqCst) == 2;
    let trickle = Trickle { inner: memory, go: &go, is_in_time: Mutex::default() };
    Site::sibling(&site).fetch_as(&trickle, Scope::default(), Some(&starts)).expect("fetch");
    assert!(trickle.is_in_time.into_inner().expect("lock"), "the end of the pack was waited for");
}

#[test]
fn what_comes_in_odd_pieces_is_stored_whole() {
    let memory = Memory::new();
    let (site, commit) = site(&memory);
    let trickle = Trickle { inner: memory, go: &|| true, is_in_time: Mutex::default() };
    let reader = Reader::new(commit);
    Site::sibling(&site).fetch_as(&trickle, Scope::default(), Some(&reader)).expect("fetch");
    assert!(reader.read.into_inner().expect("lock").iter().all(Result::is_ok));
}

#[test]
fn short_packs_become_one() {
    let (site, memory) = (Site::new(), Memory::new());
    for n in 0..3 {
        // Each too large to be taken in by the next push.
        site.write(&format!("f{n}"), &noise(n, 1_300_000));
        let commit = site.commit("one more");
        site.push(&memory, "main", commit).expect("push");
    }
    let of_data =
        |state: &State| state.packs.values().filter(|pack| pack.kind == PackKind::Data).count();
    let other = Site::sibling(&site);
    let state = other.fetch(&memory).expect("fetch");
    assert!(of_data(&state) > 1);
    let packs = other.repo().db.read(|view| view.live_packs()).expect("packs");
    let here = packs.iter().filter(|pack| pack.kind == PackKind::Data as u8).count();
    assert_eq!(here, 1);
}
