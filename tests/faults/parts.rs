//! What of a remote a partial clone, and who has no clone, reads and writes: every request is seen by the server.
//!
//! Bytes of packs are told apart by what the packs hold. `docs/design/0013` has a table of which sentence is shown where.

use std::fs;

use crate::env::Ran;
use crate::s3::{Op, Seen};
use crate::site::{Site, URL};

const LARGE: u64 = 700_000;
const SECOND: &str = "s3://bucket/second";

/// Bytes that went over the wire, of packs by what they hold.
#[derive(Debug, Default)]
struct Traffic {
    requests: usize,
    /// Of all keys, what came.
    all: u64,
    history: u64,
    layout: u64,
    data: u64,
    /// Of packs of data, by where they were put.
    sent: u64,
    sent_to_second: u64,
}

fn length(site: &Site, seen: &Seen) -> u64 {
    let whole = site.server.object(&seen.key).map_or(0, |object| object.bytes.len() as u64);
    let range = seen.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("range"));
    let Some((_, range)) = range else { return whole };
    let (from, to) = range.trim_start_matches("bytes=").split_once('-').expect("a range");
    match (from.parse::<u64>(), to.parse::<u64>()) {
        (Ok(from), Ok(to)) => (to + 1).min(whole).saturating_sub(from),
        (Ok(from), Err(_)) => whole.saturating_sub(from),
        (Err(_), last) => last.expect("a number").min(whole),
    }
}

/// Runs a command to its end; gives what it said and what the server saw.
#[track_caller]
fn seen(site: &Site, args: &[&str], code: i32) -> (Ran, Traffic) {
    site.server.take_log();
    let ran = site.run(args);
    assert_eq!(ran.code, code, "{args:?}: {}{}", ran.stdout, ran.stderr);
    let log = site.server.take_log();
    let got = log.iter().filter(|seen| seen.op == Op::Get).map(|seen| length(site, seen)).sum();
    let mut traffic = Traffic { requests: log.len(), all: got, ..Traffic::default() };
    for seen in log.iter().filter(|seen| seen.key.contains("/pack/")) {
        let Some(object) = site.server.object(&seen.key) else { continue };
        let kind = object.bytes[10];
        match (seen.op, kind) {
            (Op::Get, 1) => traffic.history += length(site, seen),
            (Op::Get, 2) => traffic.layout += length(site, seen),
            (Op::Get, 3) => traffic.data += length(site, seen),
            (Op::Put, 3) if seen.key.starts_with("second/") => {
                traffic.sent_to_second += seen.bytes as u64;
            }
            (Op::Put, 3) => traffic.sent += seen.bytes as u64,
            _ => {}
        }
    }
    (ran, traffic)
}

/// As [`seen`], in the clone beside the repository.
#[track_caller]
fn part(site: &Site, args: &[&str]) -> (Ran, Traffic) {
    seen(site, &[&["-C", "../part"], args].concat(), 0)
}

/// Nothing was asked of anybody.
#[track_caller]
fn asks_nobody(site: &Site, args: &[&str]) {
    let (_, traffic) = part(site, args);
    assert_eq!(traffic.requests, 0, "{args:?}: {traffic:?}");
}

#[track_caller]
fn no_data((_, traffic): (Ran, Traffic)) {
    assert_eq!((traffic.data, traffic.layout), (0, 0), "{traffic:?}");
}

fn with_two_commits(seed: u64) -> Site {
    let mut site = Site::new(seed);
    site.env.ok(&["push"]);
    site.commit();
    site.env.ok(&["push"]);
    site
}

#[test]
fn a_partial_clone_brings_what_was_asked_for() {
    let site = with_two_commits(31);
    let (_, bare) = seen(&site, &["clone", "--no-checkout", URL, "../part"], 0);
    assert!(bare.history > 0, "{bare:?}");
    assert_eq!((bare.data, bare.layout), (0, 0), "{bare:?}");
    let (_, some) = seen(&site, &["clone", "--sparse", "small/00.csv", URL, "../some"], 0);
    assert!(some.history > 0 && some.data > 0 && some.data < 100_000, "{some:?}");
    let (_, newest) = seen(&site, &["clone", "--depth", "1", URL, "../newest"], 0);
    assert!(newest.data > LARGE && newest.data < LARGE + LARGE / 2, "{newest:?}");
    for dir in ["../part", "../some", "../newest"] {
        site.env.ok(&["-C", dir, "fsck", "--data"]);
    }
    assert!(site.env.json(&["-C", "../newest", "fsck", "--json"])["clean"] == true);
}

#[test]
fn what_is_missing_comes_after_it_was_said_how_much_and_only_then() {
    let site = with_two_commits(32);
    site.env.ok(&["clone", "--sparse", "small/00.csv", URL, "../part"]);
    asks_nobody(&site, &["sparse"]);
    let refused = [
        &["checkout", "large.bin"][..],
        &["restore", "large.bin"],
        &["sparse", "add", "large.bin"],
        &["sparse", "disable"],
        &["cat", "HEAD:large.bin"],
    ];
    for args in refused {
        let args = [&["-C", "../part", "--offline"], args].concat();
        let (ran, traffic) = seen(&site, &args, 12);
        assert_eq!(traffic.requests, 0, "{args:?}");
        assert!(ran.stderr.starts_with("error: not here but at origin: "), "{}", ran.stderr);
    }
    let (ran, traffic) = part(&site, &["sparse", "add", "large.bin"]);
    assert_eq!(ran.stderr, "fetching 1 file, 683.6 KiB, from origin\n");
    // A chunk of it may have come with a neighbour.
    assert!(traffic.data > LARGE * 9 / 10 && traffic.data < LARGE + 100_000, "{traffic:?}");
    // What came with a neighbour, or goes from disk and comes again, is not fetched.
    asks_nobody(&site, &["sparse", "set", "small/01.csv"]);
    asks_nobody(&site, &["sparse", "add", "large.bin"]);
    for verb in ["checkout", "restore"] {
        fs::remove_dir_all(site.env.path("../part")).expect("remove");
        site.env.ok(&["clone", "--no-checkout", URL, "../part"]);
        let (ran, traffic) = part(&site, &[verb, "small/02.csv"]);
        assert!(ran.stderr.starts_with("fetching 1 file, "), "{}", ran.stderr);
        assert!(traffic.data > 0 && traffic.data < 100_000, "{verb}: {traffic:?}");
        asks_nobody(&site, &[verb, "small/02.csv"]);
    }
    site.env.ok(&["-C", "../part", "fsck", "--data"]);
}

#[test]
fn a_partial_clone_is_worked_in_without_any_data_and_pushed_from() {
    let site = with_two_commits(33);
    site.env.ok(&["clone", "--no-checkout", URL, "../part"]);
    site.env.write("../part/small/new.csv", "new");
    for args in [
        &["status"][..],
        &["diff"],
        &["diff", "HEAD~", "HEAD"],
        &["log"],
        &["log", "--stat", "--", "small"],
        &["annotate", "small"],
        &["find", "*.csv"],
        &["ls", "-R"],
        &["du"],
        &["add", "-A"],
        &["rm", "small/01.csv"],
        &["mv", "small/02.csv", "small/moved.csv"],
        &["commit", "-m", "in a folder of which nothing is here"],
        &["switch", "-c", "side", "HEAD~"],
        &["status", "--remotes"],
    ] {
        asks_nobody(&site, args);
    }
    // A file outside the set is changed on the other side: it stays absent.
    site.env.write("../part/side.txt", "side");
    asks_nobody(&site, &["add", "side.txt"]);
    asks_nobody(&site, &["commit", "-m", "side"]);
    asks_nobody(&site, &["merge", "main", "-m", "merged"]);
    asks_nobody(&site, &["switch", "main"]);
    asks_nobody(&site, &["merge", "side"]);
    let pushed = part(&site, &["push"]);
    assert!(pushed.1.sent < 10_000, "{:?}", pushed.1);
    no_data(pushed);
    site.env.ok(&["-C", "../part", "fsck", "--data"]);
    site.env.ok(&["-C", "../part", "fsck", "--remote", "--data"]);
    site.env.ok(&["clone", URL, "../proof"]);
    assert!(site.env.path("../proof/small/moved.csv").exists());
    assert!(site.env.path("../proof/side.txt").exists());
    assert!(!site.env.path("../proof/small/01.csv").exists());
}

#[test]
fn a_second_remote_gets_from_the_first_what_is_not_here() {
    let site = with_two_commits(34);
    site.env.ok(&["clone", "--no-checkout", URL, "../part"]);
    site.env.ok(&["-C", "../part", "remote", "add", "second", SECOND]);
    let (ran, traffic) = part(&site, &["push", "second", "main"]);
    assert!(ran.stderr.starts_with("fetching ") && ran.stderr.contains("from origin"), "{ran:?}");
    assert!(traffic.data > 2 * LARGE && traffic.sent_to_second > 2 * LARGE, "{traffic:?}");
    assert_eq!(traffic.sent, 0, "nothing goes to the first");
    let kept = site.env.json(&["-C", "../part", "fsck", "--json"])["promised_bytes"].as_u64();
    assert!(kept > Some(2 * LARGE), "nothing of it is kept here");
    // Where the first has lost it, it is refused with how much it is.
    let lost = with_two_commits(35);
    lost.env.ok(&["clone", "--no-checkout", URL, "../part"]);
    lost.env.ok(&["-C", "../part", "remote", "add", "second", SECOND]);
    for key in lost.server.keys("set/pack/") {
        if lost.server.object(&key).is_some_and(|object| object.bytes[10] == 3) {
            lost.server.tamper(&key, |_| false);
        }
    }
    let args = ["-C", "../part", "push", "second", "main"];
    let (ran, traffic) = seen(&lost, &args, 12);
    assert_eq!(traffic.sent_to_second, 0, "{}", ran.stderr);
    assert!(lost.server.keys("second/root/").is_empty(), "{}", ran.stderr);
    lost.env.ok(&["-C", "../part", "fsck"]);
}

#[test]
fn what_is_let_go_of_is_proven_by_lists_alone_and_kept_first() {
    let mut site = with_two_commits(36);
    let hash = site.env.ok(&["hash", "."]);
    let (_, traffic) = seen(&site, &["evict", "large.bin"], 0);
    assert!(traffic.data < 50_000 && traffic.sent == 0, "{traffic:?}");
    assert!(site.env.ok(&["remote", "keeps"]).contains("clone/"));
    let (_, traffic) = seen(&site, &["checkout", "large.bin"], 0);
    assert!(traffic.data > LARGE && traffic.data < LARGE + 100_000, "{traffic:?}");
    assert_eq!(site.env.ok(&["hash", "."]), hash);
    // What the remote has not stays; once it was pushed it goes.
    site.commit();
    let here = |site: &Site| site.env.json(&["stats", "--json"]);
    let before = here(&site);
    let said = site.fails(&["evict", "large.bin"], 12);
    assert!(said.contains("has no branch or tag that reaches commit"), "{said}");
    assert_eq!(here(&site), before);
    let (_, traffic) = seen(&site, &["push", "--evict"], 0);
    assert!(traffic.sent > LARGE && traffic.data < 50_000, "{traffic:?}");
    assert!(site.env.path("large.bin").exists());
    // Files that are added to the remote go there once, and nothing of them comes.
    let added = site.random.bytes(400_000);
    site.env.write("added.bin", &added);
    let (_, traffic) = seen(&site, &["add", "--to", "origin", "added.bin"], 0);
    assert!(traffic.sent > 400_000 && traffic.sent < 450_000, "{traffic:?}");
    assert!(traffic.data < 50_000, "{traffic:?}");
    site.env.ok(&["commit", "-m", "added"]);
    let (_, traffic) = seen(&site, &["push"], 0);
    assert!(traffic.sent < 10_000 && traffic.data < 50_000, "{traffic:?}");
    site.env.ok(&["fsck", "--data"]);
    site.assert_shared();
}

#[test]
fn a_location_is_read_as_far_as_is_asked_for() {
    let mut site = with_two_commits(37);
    for args in [
        &["ls", "-R", URL][..],
        &["du", URL],
        &["find", URL, "*.csv"],
        &["log", URL],
        &["hash", URL],
    ] {
        no_data(seen(&site, args, 0));
    }
    let small = format!("{URL}:small/00.csv");
    let (_, traffic) = seen(&site, &["get", &small, "-o", "../got.csv"], 0);
    assert!(traffic.data > 0 && traffic.data < 100_000, "{traffic:?}");
    assert_eq!(
        fs::read(site.env.path("../got.csv")).expect("read"),
        fs::read(site.env.path("small/00.csv")).expect("read")
    );
    let large = format!("{URL}:large.bin");
    let (ran, traffic) = seen(&site, &["hash", &large], 0);
    assert_eq!(ran.stdout, site.env.ok(&["hash", "large.bin"]));
    no_data((ran, traffic));
    let text = site.random.text(40_000);
    site.env.write("text.csv", &text);
    site.env.ok(&["add", "text.csv"]);
    site.env.ok(&["commit", "-m", "text"]);
    site.env.ok(&["push"]);
    let (_, whole) = seen(&site, &["get", &format!("{URL}:text.csv"), "-o", "../text.csv"], 0);
    let args = ["cat", &format!("{URL}:text.csv"), "--offset", "1000", "--length", "10"];
    let (ran, traffic) = seen(&site, &args, 0);
    assert_eq!(ran.stdout.as_bytes(), &text[1000..1010]);
    assert!(traffic.data > 0 && traffic.data < whole.data / 2, "{traffic:?} of {whole:?}");
}

/// Of a path that is pinned its bytes come, and a tenth at most beside them; nothing of what lies next to it.
#[test]
fn what_is_pinned_comes_with_little_beside_it() {
    let mut site = Site::new(39);
    for name in ["before", "wanted/a", "wanted/b", "zz"] {
        site.env.write(name, site.random.bytes(3 << 20));
    }
    for n in 0..200 {
        site.env.write(&format!("wanted/small/{n:03}"), site.random.bytes(4_000));
        site.env.write(&format!("other/{n:03}"), site.random.bytes(4_000));
    }
    site.env.ok(&["add", "-A"]);
    site.env.ok(&["commit", "-m", "all"]);
    site.env.ok(&["push"]);
    fs::create_dir(site.env.path("../code")).expect("a folder");
    let pin = ["-C", "../code", "pin", &format!("{URL}:wanted"), "-o", "data"];
    site.env.ok(&pin);
    fs::create_dir(site.env.path("../runner")).expect("a folder");
    fs::copy(site.env.path("../code/esker.lock"), site.env.path("../runner/esker.lock"))
        .expect("copy");
    let (_, traffic) = seen(&site, &["-C", "../runner", "get", "--locked"], 0);
    let stored = 2 * (3 << 20) + 200 * 4_000;
    assert!(traffic.data >= stored && traffic.all <= stored * 11 / 10, "{traffic:?} of {stored}");
    assert_eq!(site.env.ok(&["hash", "../runner/data"]), site.env.ok(&["hash", "wanted"]));
    site.env.ok(&["-C", "../runner", "verify", "--locked"]);
}

/// Memory is bounded by what is on its way, not by the packs: none is read whole.
#[test]
fn what_is_streamed_is_read_in_parts_of_packs() {
    let mut site = Site::new(38);
    let noise = site.random.bytes(40 << 20);
    site.env.write("noise.bin", &noise);
    site.env.ok(&["add", "noise.bin"]);
    site.env.ok(&["commit", "-m", "noise"]);
    site.env.ok(&["push"]);
    site.server.take_log();
    site.env.ok(&["mirror", URL, SECOND]);
    let log = site.server.take_log();
    let of_packs = log.iter().filter(|seen| seen.op == Op::Get && seen.key.contains("set/pack/"));
    let lengths: Vec<u64> = of_packs.map(|seen| length(&site, seen)).collect();
    assert!(lengths.iter().sum::<u64>() > 40 << 20, "{lengths:?}");
    assert!(lengths.iter().all(|bytes| *bytes <= 9 << 20), "{lengths:?}");
    site.env.ok(&["clone", SECOND, "../proof"]);
    assert_eq!(fs::read(site.env.path("../proof/noise.bin")).expect("read"), noise);
}
