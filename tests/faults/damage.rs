//! A remote that is not what it was: packs that are damaged or gone, an old copy, another format; and what must
//! never be there.

use esker::pack::{BlockBuf, PackReader};

use crate::repo;
use crate::s3::{Fault, Op};
use crate::site::{Site, URL};

#[test]
fn a_pack_that_is_damaged_or_gone_is_named() {
    let site = Site::new(1);
    site.env.ok(&["push"]);
    let whole = site.server.snapshot();
    for key in site.server.keys("set/pack/") {
        let short = key.strip_prefix("set/").expect("below the prefix");
        for is_gone in [true, false] {
            site.server.tamper(&key, |bytes| {
                let middle = bytes.len() / 3;
                bytes[middle] ^= 4;
                !is_gone
            });
            let code = if is_gone { 12 } else { 5 };
            let said = site.fails(&["clone", URL, "../copy"], code);
            assert!(said.contains(short), "{key}: {said}");
            assert!(said.contains("hint: see what is affected: "), "{said}");
            let found = site.run(&["remote", "fsck", "--data"]);
            assert_eq!(found.code, 5, "{key}: {}", found.stderr);
            assert!(found.stdout.contains(short) || found.stderr.contains(short), "{found:?}");
            // Put back, the clone that was cut short is finished.
            site.server.restore(whole.clone());
            site.env.ok(&["clone", URL, "../copy"]);
            site.assert_same("../copy");
            std::fs::remove_dir_all(site.env.path("../copy")).expect("remove");
        }
    }
    site.assert_shared();
}

/// An old copy of the bucket in its place: whoever saw more refuses it, and goes on when it is back.
#[test]
fn a_remote_that_went_back_is_refused() {
    let mut site = Site::new(2);
    site.env.ok(&["push"]);
    let old = site.server.snapshot();
    site.commit();
    site.env.ok(&["push"]);
    site.env.ok(&["clone", URL, "../copy"]);
    let new = site.server.snapshot();
    site.server.restore(old);
    for args in [&["push"][..], &["-C", "../copy", "fetch"], &["-C", "../copy", "pull"]] {
        let said = site.fails(args, 12);
        assert!(said.contains("the remote went back: root 2 was seen there"), "{said}");
        assert!(said.contains("\nhint: "), "{said}");
    }
    // Another history of the same length, that a third made from the old copy, is refused as well.
    site.env.ok(&["clone", URL, "../third"]);
    site.env.write("../third/other", "of the third");
    site.env.ok(&["-C", "../third", "add", "-A"]);
    site.env.ok(&["-C", "../third", "commit", "-m", "other"]);
    site.env.ok(&["-C", "../third", "push"]);
    let said = site.fails(&["-C", "../copy", "fetch"], 12);
    assert!(said.contains("the remote went back"), "{said}");
    site.server.restore(new);
    site.assert_shared();
}

#[test]
fn a_remote_of_a_newer_format_is_left_alone() {
    let mut site = Site::new(3);
    site.env.ok(&["push"]);
    let root = site.server.keys("set/root/").pop().expect("a root");
    // The format's number is the first thing in a root.
    site.server.tamper(&root, |bytes| {
        bytes[1] = 2;
        true
    });
    let before = site.server.keys("");
    site.commit();
    for args in [&["push"][..], &["fetch"], &["clone", URL, "../copy"], &["remote", "gc"]] {
        let said = site.fails(args, 12);
        assert!(said.contains("the remote has format 2, this esker reads up to 1"), "{said}");
        assert!(said.contains("hint: install a newer esker"), "{said}");
    }
    assert_eq!(site.server.keys(""), before, "nothing was written");
    repo::assert_clean(&site.env);
}

fn holds(bytes: &[u8], needle: &[u8]) -> bool {
    bytes.windows(needle.len()).any(|window| window == needle)
}

/// The decoded blocks of a pack.
fn blocks_of(pack: Vec<u8>) -> Vec<Vec<u8>> {
    let pack = PackReader::open(pack).expect("a pack");
    let trailer = pack.read_trailer().expect("a trailer");
    let read = |offset| pack.read_block(offset, &mut BlockBuf::new()).expect("a block").to_vec();
    trailer.blocks().iter().map(|block| read(block.offset)).collect()
}

/// A secret that was staged and left out of the commit: not one byte of it is in the bucket.
#[test]
fn a_secret_that_was_left_out_never_leaves() {
    let mut site = Site::new(4);
    let secret = b"the password is swordfish, and nobody must know it\n".repeat(30);
    for n in 0..20 {
        let text = site.random.text(30);
        site.env.write(&format!("f{n:02}"), text);
    }
    site.env.write("f05b", &secret);
    site.env.ok(&["add", "-A"]);
    std::fs::remove_file(site.env.path("f05b")).expect("remove");
    repo::commit_all(&site.env, "without it");
    // Pushed past, with faults on the way.
    site.server.script(Op::Put, "/pack/", Fault::AnswerLost, 1);
    site.env.ok(&["push"]);
    let needle = &secret[4..36];
    let mut blocks = 0;
    for key in site.server.keys("") {
        let object = site.server.object(&key).expect("listed");
        assert!(!holds(&object.bytes, needle), "{key}");
        if key.contains("/pack/") {
            let found = blocks_of(object.bytes.to_vec());
            assert!(!found.iter().any(|block| holds(block, needle)), "{key}");
            blocks += found.len();
        }
    }
    println!("{blocks} blocks decoded: the secret is in none");
    assert!(blocks > 2);
    // The test can fail: the secret lies here, and in a block with what was pushed.
    let local = walkdir::WalkDir::new(site.env.path(".esker/packs"));
    let files =
        local.into_iter().map(|entry| entry.expect("readable")).filter(|e| e.file_type().is_file());
    let here = files.flat_map(|file| blocks_of(std::fs::read(file.path()).expect("read")));
    assert!(here.into_iter().any(|block| holds(&block, needle) && block.len() > 2 * secret.len()));
    site.assert_shared();
}

#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_fills_during_a_clone_is_told_and_the_clone_is_finished_later() {
    use crate::linux::Namespace;
    let site = Site::new(5);
    site.env.ok(&["push"]);
    let disk = site.env.path("../disk");
    std::fs::create_dir(&disk).expect("mkdir");
    let mount = "mount -t tmpfs -o size=600k none \"$0\"";
    let Some(small) = Namespace::new(mount, &disk) else { return };
    let ran = small.run(&site.env, &["clone", URL, "../disk/copy"]);
    assert_ne!(ran.code, 0, "{ran:?}");
    assert!(ran.stderr.contains("no space left to write "), "{}", ran.stderr);
    assert!(ran.stderr.contains("\nhint: "), "{}", ran.stderr);
    small.shell(&site.env, "mount -o remount,size=20m ../disk");
    let done = small.run(&site.env, &["clone", URL, "../disk/copy"]);
    assert_eq!(done.code, 0, "{}", done.stderr);
    let same = small.run(&site.env, &["-C", "../disk/copy", "hash", "."]);
    assert_eq!(same.stdout, site.env.ok(&["hash", "."]));
    assert_eq!(small.run(&site.env, &["-C", "../disk/copy", "fsck", "--data"]).code, 0);
}
