//! `add --to` of a file that is longer than may lie here, cut short in its middle.

use std::fs;

use crate::killed::kill_after;
use crate::s3::Op;
use crate::site::{Site, URL};

const SPAN: usize = 1 << 20;
const ADD: [&str; 4] = ["add", "--to", "origin", "long.bin"];

/// A site with a file of some spans and a bit.
fn with_long_file(seed: u64) -> (Site, Vec<u8>) {
    let mut site = Site::new(seed);
    site.env.set("ESKER_STALL_SECONDS", "60");
    site.env.ok(&["push"]);
    site.env.ok(&["config", "transfer.local_limit", "1M"]);
    let long = site.random.bytes(6 * SPAN + 5_000);
    site.env.write("long.bin", &long);
    (site, long)
}

fn promised(site: &Site) -> u64 {
    site.env.json(&["fsck", "--json"])["promised"].as_u64().expect("a number")
}

/// Kills `add --to` again and again, a request later each time, until `spans` spans are there.
fn cut_short(site: &Site, spans: u64) {
    let mut count = 5;
    while promised(site) < spans {
        assert!(kill_after(site, &ADD, count), "it is too fast");
        count += 1;
    }
}

/// The bytes that a run sends.
fn sent_by(site: &Site, args: &[&str]) -> usize {
    site.server.take_log();
    site.env.ok(args);
    let log = site.server.take_log();
    log.iter().filter(|seen| seen.op == Op::Put).map(|seen| seen.bytes).sum()
}

/// What was added becomes a commit whose file is `long`, here and in a clone.
fn assert_comes_back(site: &Site, long: &[u8]) {
    site.env.ok(&["commit", "-m", "long"]);
    site.env.ok(&["push"]);
    site.env.ok(&["fsck", "--data"]);
    assert_eq!(site.env.ok(&["remote", "keeps"]).lines().count(), 1);
    fs::remove_file(site.env.path("long.bin")).expect("remove");
    site.env.ok(&["restore", "long.bin"]);
    assert!(fs::read(site.env.path("long.bin")).expect("read") == long);
    site.assert_shared();
}

#[test]
fn what_was_sent_of_a_long_file_is_not_sent_again() {
    let (site, long) = with_long_file(9);
    cut_short(&site, 3);
    // No collection lets go of what it will go on from, neither here nor, by somebody else, there.
    site.env.ok(&["gc", "--grace", "0"]);
    site.env.ok(&["clone", "-q", URL, "../other"]);
    site.env.ok(&["-C", "../other", "gc", "--remote", "--grace", "0"]);
    let sent = sent_by(&site, &ADD);
    println!("{sent} bytes were sent of {} after three spans were there", long.len());
    assert!(sent > 2 * SPAN && sent < 4 * SPAN + 100_000, "{sent}");
    assert_eq!(site.env.json(&["add", "--to", "origin", "long.bin", "--json"])["sent_bytes"], 0);
    assert_comes_back(&site, &long);
}

#[test]
fn a_long_file_that_changes_between_two_spans_is_begun_anew() {
    let (mut site, _) = with_long_file(10);
    cut_short(&site, 2);
    // To have everything that has a name takes no promise from what has none yet.
    site.env.ok(&["fetch", "--all-data"]);
    site.env.ok(&["gc", "--grace", "0"]);
    assert!(promised(&site) > 0);
    let other = site.random.bytes(4 * SPAN + 77);
    site.env.write("long.bin", &other);
    let sent = sent_by(&site, &ADD);
    assert!(sent > other.len(), "{sent}");
    assert_comes_back(&site, &other);
}

#[test]
fn a_long_file_that_is_gone_leaves_nothing_behind() {
    let (site, _) = with_long_file(11);
    cut_short(&site, 2);
    fs::remove_file(site.env.path("long.bin")).expect("remove");
    // A push that was cut short may still rest on what was promised, and is done with at the next.
    site.env.ok(&["gc", "--grace", "0"]);
    site.env.ok(&["push"]);
    site.env.ok(&["gc", "--grace", "0"]);
    assert_eq!(promised(&site), 0);
    site.assert_shared();
}

#[test]
fn spans_that_the_remote_has_no_more_are_sent_again() {
    let (site, long) = with_long_file(12);
    cut_short(&site, 3);
    let keeps = site.env.ok(&["remote", "keeps"]);
    for name in keeps.lines().filter_map(|line| line.split('\t').nth(1)) {
        site.env.ok(&["remote", "keeps", "remove", name]);
    }
    site.env.ok(&["gc", "--remote", "--grace", "0"]);
    site.env.ok(&["push", "--force", "origin", "main"]);
    let sent = sent_by(&site, &ADD);
    assert!(sent > long.len(), "{sent}");
    assert_comes_back(&site, &long);
}
