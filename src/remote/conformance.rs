//! What every transport must do: one suite for all of them.
//!
//! The folder, the store in memory and S3, over a socket to a server inside the test, are always tried.
//! A real server is, where `ESKER_TEST_S3_BUCKET` names a bucket on it, reached as the usual `AWS_`
//! variables say; `ESKER_TEST_S3_IGNORES_CONDITIONS=1` says that it is one that must be caught.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::credentials::Places;
use super::folder::Folder;
use super::memory::Memory;
use super::probe::probe;
use super::s3::{S3, S3Options};
use super::test_server::{ACCESS_KEY, Op, SECRET, Server};
use super::transport::{Created, Fault, Transport, get, get_optional};

/// All of it, on an empty store.
pub(super) fn suite(transport: &dyn Transport) {
    keys_hold_bytes(transport);
    ranges_are_exact(transport);
    creates_are_exclusive(transport);
    listings_ascend(transport);
    deletes_are_final(transport);
    readers_see_all_or_nothing(transport);
    let found = probe(transport).expect("probe");
    assert!(found.has_atomic_create && found.can_delete);
}

fn keys_hold_bytes(transport: &dyn Transport) {
    for bytes in [vec![], vec![7; 1], vec![9; 300_000]] {
        transport.put("pack/a/1", bytes.clone()).expect("put");
        assert_eq!(get(transport, "pack/a/1", 1 << 20).expect("get"), bytes);
    }
    let over = get(transport, "pack/a/1", 299_999).expect_err("too large");
    assert_eq!(over.fault, Fault::TooLarge);
    assert!(get(transport, "pack/a/2", 10).expect_err("nothing there").is_missing());
    assert!(get(transport, "pack/a", 10).expect_err("only a beginning").is_missing());
    assert_eq!(get_optional(transport, "none", 10).expect("no failure"), None);
}

fn ranges_are_exact(transport: &dyn Transport) {
    let bytes: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    transport.put("range/x", bytes.clone()).expect("put");
    for range in [0..1, 10..5000, 99_999..100_000, 99_000..200_000] {
        let mut out = Vec::new();
        let got = transport.read("range/x", Some(range.clone()), &mut out).expect("range");
        let end = (range.end as usize).min(bytes.len());
        assert_eq!(out, bytes[range.start as usize..end]);
        assert_eq!(got, out.len() as u64);
    }
}

fn creates_are_exclusive(transport: &dyn Transport) {
    assert_eq!(transport.create_if_absent("root/1", b"one").expect("create"), Created::Made);
    assert_eq!(transport.create_if_absent("root/1", b"two").expect("create"), Created::Taken);
    assert_eq!(get(transport, "root/1", 10).expect("get"), b"one");
    for round in 0..5 {
        let key = format!("root/race{round}");
        let create = |writer: u8| transport.create_if_absent(&key, &[writer; 2000]);
        let made: Vec<u8> = thread::scope(|scope| {
            let running: Vec<_> = (0..4u8).map(|w| (w, scope.spawn(move || create(w)))).collect();
            let mut made = Vec::new();
            for (writer, handle) in running {
                let created = handle.join().expect("no panic").expect("create");
                made.extend((created == Created::Made).then_some(writer));
            }
            made
        });
        assert_eq!(made.len(), 1, "exactly one wins");
        assert_eq!(get(transport, &key, 4000).expect("get"), [made[0]; 2000]);
    }
}

fn listings_ascend(transport: &dyn Transport) {
    let keys = ["list/a/1", "list/a/2", "list/b/1", "list/b2"];
    for key in keys.iter().rev() {
        transport.put(key, key.as_bytes().to_vec()).expect("put");
    }
    let names = |prefix: &str, after| -> Vec<String> {
        let items = transport.list(prefix, after).expect("list");
        items.into_iter().map(|item| item.key).collect()
    };
    assert_eq!(names("list/", None), keys);
    assert_eq!(names("list/a/", None), keys[..2]);
    assert_eq!(names("list/", Some("list/a/2")), keys[2..]);
    assert_eq!(names("list/", Some("list/b2")), [""; 0]);
    assert_eq!(names("nothing/", None), [""; 0]);
    let items = transport.list("list/a/", None).expect("list");
    assert_eq!(items[0].bytes, 8);
}

fn deletes_are_final(transport: &dyn Transport) {
    transport.put("gone/x", vec![1]).expect("put");
    transport.delete("gone/x").expect("delete");
    transport.delete("gone/x").expect("a second time");
    assert_eq!(get_optional(transport, "gone/x", 10).expect("get"), None);
    assert_eq!(transport.create_if_absent("gone/x", b"new").expect("create"), Created::Made);
}

/// While one writer replaces a key, every reader sees one of its bodies whole.
fn readers_see_all_or_nothing(transport: &dyn Transport) {
    let is_done = AtomicBool::new(false);
    transport.put("hint/latest", vec![0; 100_000]).expect("put");
    thread::scope(|scope| {
        scope.spawn(|| {
            for body in 1..20u8 {
                transport.put("hint/latest", vec![body; 100_000]).expect("put");
            }
            is_done.store(true, Ordering::SeqCst);
        });
        while !is_done.load(Ordering::SeqCst) {
            let bytes = get(transport, "hint/latest", 1 << 20).expect("get");
            assert_eq!(bytes.len(), 100_000);
            assert!(bytes.iter().all(|byte| *byte == bytes[0]));
        }
    });
}

#[test]
fn memory_conforms() {
    suite(&Memory::new());
}

#[test]
fn a_folder_conforms() {
    let dir = tempfile::tempdir().expect("tempdir");
    suite(&Folder::new(dir.path().join("not/yet/there")));
}

/// A writer killed between any two steps of a create leaves the key absent or whole, and free to take.
#[test]
fn a_folder_survives_killed_writers() {
    let dir = tempfile::tempdir().expect("tempdir");
    let folder = Folder::new(dir.path().to_owned());
    // What a kill leaves: a temporary file, partly written, and the folder of the key.
    std::fs::create_dir_all(dir.path().join("tmp")).expect("mkdir");
    std::fs::write(dir.path().join("tmp/0123"), b"par").expect("write");
    std::fs::create_dir_all(dir.path().join("root")).expect("mkdir");
    assert_eq!(get_optional(&folder, "root/1", 10).expect("get"), None);
    assert!(folder.list("", None).expect("list").is_empty());
    assert_eq!(folder.create_if_absent("root/1", b"whole").expect("create"), Created::Made);
    assert_eq!(folder.create_if_absent("root/1", b"other").expect("create"), Created::Taken);
    assert_eq!(get(&folder, "root/1", 10).expect("get"), b"whole");
}

/// What reaches the bucket of a server inside the test.
pub(super) fn options_for(server: &Server) -> S3Options {
    let keys = [("AWS_ACCESS_KEY_ID", ACCESS_KEY), ("AWS_SECRET_ACCESS_KEY", SECRET)];
    let env = keys.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    let places = Places { env, ..Places::default() };
    S3Options { endpoint: Some(server.url()), places, ..S3Options::default() }
}

#[test]
fn s3_conforms() {
    let server = Server::start();
    suite(&S3::new("bucket", "a/prefix", &options_for(&server), None).expect("bucket"));
    let log = server.take_log();
    assert!(server.keys("").iter().all(|key| key.starts_with("a/prefix/")));
    let creates = log.iter().filter(|seen| seen.op == Op::Create);
    assert!(creates.clone().count() > 20 && creates.clone().any(|seen| seen.status == 412));
}

#[test]
fn a_server_conforms() {
    let Ok(bucket) = std::env::var("ESKER_TEST_S3_BUCKET") else { return };
    let env = std::env::vars().filter(|(key, _)| key.starts_with("AWS_")).collect();
    let options = S3Options { places: Places { env, ..Places::default() }, ..S3Options::default() };
    let prefix = format!("conformance/{:016x}", getrandom::u64().expect("random"));
    let s3: Arc<dyn Transport> =
        Arc::new(S3::new(&bucket, &prefix, &options, None).expect("bucket"));
    if std::env::var("ESKER_TEST_S3_IGNORES_CONDITIONS").is_ok() {
        assert!(!probe(&*s3).expect("probe").has_atomic_create, "it must be caught");
        // Such servers are no promise of anything else either: rclone's answers some ranges with the whole.
        keys_hold_bytes(&*s3);
        return;
    }
    suite(&*s3);
}
