//! `kill -9` of what talks to a bucket: between any two requests, and at random moments.

use std::fs;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use crate::kill::{End, Killer, number};
use crate::site::{Site, URL};

/// Lets `count` requests of a run through and kills it when it waits for the next. `false` if it needed
/// no more.
pub fn kill_after(site: &Site, args: &[&str], count: usize) -> bool {
    site.server.set_fuel(Some(count));
    let mut command = site.env.command(args);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
    let started = Instant::now();
    let is_killed = loop {
        if let Some(status) = child.try_wait().expect("it can be waited for") {
            assert!(status.success(), "{args:?} with {count} requests: {status}");
            break false;
        }
        if site.server.is_dry() {
            child.kill().expect("the kill is sent");
            child.wait().expect("it ends");
            break true;
        }
        assert!(started.elapsed() < Duration::from_secs(60), "{args:?} hangs");
        thread::sleep(Duration::from_millis(2));
    };
    site.server.set_fuel(None);
    is_killed
}

#[test]
fn a_push_killed_between_any_two_requests_goes_on() {
    let mut site = Site::new(1);
    site.env.set("ESKER_STALL_SECONDS", "60");
    site.env.ok(&["push"]);
    let mut cuts = 0;
    for count in 0.. {
        site.commit();
        let roots = site.roots();
        if !kill_after(&site, &["push"], count) {
            break;
        }
        cuts += 1;
        site.env.ok(&["remote", "fsck", "--data"]);
        site.env.ok(&["push"]);
        assert_eq!(site.roots(), roots + 1, "killed after {count} requests");
        site.env.ok(&["remote", "fsck"]);
    }
    site.assert_shared();
    println!("push: killed after each of its first {cuts} requests");
    assert!(cuts > 6);
}

/// What was to be there before is not there any more: because the push was done, which is no reason to refuse it.
#[test]
fn a_push_with_a_lease_killed_between_any_two_requests_goes_on() {
    let mut site = Site::new(8);
    site.env.set("ESKER_STALL_SECONDS", "60");
    site.env.ok(&["push"]);
    let lease = ["push", "--force-with-lease"];
    let mut cuts = 0;
    for count in 0.. {
        site.change();
        site.env.ok(&["add", "-A"]);
        site.env.ok(&["commit", "--amend", "-m", "another"]);
        if !kill_after(&site, &lease, count) {
            break;
        }
        cuts += 1;
        site.env.ok(&lease);
    }
    for count in 0.. {
        site.env.ok(&["remote", "keeps", "add", "paper"]);
        let remove = ["remote", "keeps", "remove", "paper"];
        if !kill_after(&site, &remove, count) {
            break;
        }
        // Whether it was done is told by the name: it is there or not.
        let again = site.env.run(&remove);
        assert!(again.code == 0 || again.stderr.contains("has no keep 'paper'"), "{again:?}");
        assert_eq!(site.env.ok(&["remote", "keeps"]), "");
    }
    site.assert_shared();
    assert!(cuts > 6);
}

#[test]
fn a_first_push_killed_between_any_two_requests_goes_on() {
    let mut cuts = 0;
    for count in 0.. {
        let mut site = Site::new(2);
        site.env.set("ESKER_STALL_SECONDS", "60");
        if !kill_after(&site, &["push"], count) {
            break;
        }
        cuts += 1;
        site.env.ok(&["push"]);
        assert_eq!(site.roots(), 1, "killed after {count} requests");
        site.assert_shared();
    }
    println!("first push: killed after each of its first {cuts} requests");
    assert!(cuts > 4);
}

/// How often each verb is killed at random moments.
fn killer(verb: &'static str) -> Killer {
    Killer::with_rounds(verb, number("ESKER_CRASH_ROUNDS", 3))
}

#[test]
fn a_killed_push_goes_on() {
    let mut killer = killer("push to a bucket");
    let mut site = Site::new(3);
    killer.run(&site.env, &["push"]);
    while killer.goes_on() {
        site.commit();
        killer.kill(&site.env, &["push"]);
        site.env.ok(&["remote", "fsck"]);
        site.env.ok(&["push"]);
        site.assert_clones("../proof");
    }
    site.assert_shared();
}

#[test]
fn a_killed_clone_goes_on() {
    let mut killer = killer("clone of a bucket");
    let site = Site::new(4);
    site.env.ok(&["push"]);
    killer.run(&site.env, &["clone", URL, "../copy"]);
    while killer.goes_on() {
        fs::remove_dir_all(site.env.path("../copy")).expect("remove");
        if killer.kill(&site.env, &["clone", URL, "../copy"]) == End::Killed {
            let ran = site.run(&["clone", URL, "../copy"]);
            // Killed after its last step, it is a repository like any other.
            assert!(ran.code == 0 || ran.stderr.contains("holds a repository"), "{}", ran.stderr);
        }
        site.assert_same("../copy");
    }
}

#[test]
fn a_killed_fetch_goes_on() {
    let mut killer = killer("fetch from a bucket");
    let mut site = Site::new(5);
    site.env.ok(&["push"]);
    site.env.ok(&["clone", URL, "../copy"]);
    site.commit();
    site.env.ok(&["push"]);
    killer.run(&site.env, &["-C", "../copy", "fetch"]);
    while killer.goes_on() {
        site.commit();
        site.env.ok(&["push"]);
        killer.kill(&site.env, &["-C", "../copy", "fetch"]);
        site.env.ok(&["-C", "../copy", "fsck"]);
        site.env.ok(&["-C", "../copy", "pull"]);
        site.assert_same("../copy");
    }
}

#[test]
fn a_killed_collection_of_a_remote_goes_on() {
    let mut killer = killer("gc of a bucket");
    let mut site = Site::new(6);
    let gc = ["remote", "gc", "--grace", "0"];
    site.env.ok(&["push"]);
    killer.run(&site.env, &gc);
    while killer.goes_on() {
        // A branch that comes and goes leaves something to collect.
        site.commit();
        site.env.ok(&["push", "origin", "HEAD:other"]);
        site.env.ok(&["reset", "--hard", "HEAD~1"]);
        site.env.ok(&["push", "--delete", "origin", "other"]);
        killer.kill(&site.env, &gc);
        site.env.ok(&["remote", "fsck", "--data"]);
        site.env.ok(&gc);
        site.env.ok(&["remote", "fsck", "--data"]);
        site.assert_clones("../proof");
    }
    site.assert_shared();
}

#[test]
fn a_killed_repair_of_a_remote_goes_on() {
    let mut killer = killer("repair of a bucket");
    let mut site = Site::new(7);
    let repair = ["fsck", "--remote", "--repair", "--data"];
    site.env.ok(&["push"]);
    lose_a_pack(&mut site);
    killer.run(&site.env, &repair);
    while killer.goes_on() {
        site.commit();
        site.env.ok(&["push"]);
        lose_a_pack(&mut site);
        killer.kill(&site.env, &repair);
        site.env.ok(&repair);
        site.env.ok(&["remote", "fsck", "--data"]);
        site.assert_clones("../proof");
    }
    site.assert_shared();
}

/// Loses a pack of the newest push, or spoils it.
fn lose_a_pack(site: &mut Site) {
    let keys = site.server.keys("set/pack/");
    let newest = keys.iter().filter(|key| key.split('/').nth(2) == session_of(keys.last())).count();
    let at = keys.len() - 1 - site.random.below(newest as u64) as usize;
    let is_lost = site.random.below(2) == 0;
    site.server.tamper(&keys[at], |bytes| {
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        !is_lost
    });
}

/// The session in the key of a pack; keys ascend by the roots that their sessions started from.
fn session_of(key: Option<&String>) -> Option<&str> {
    key?.split('/').nth(2)
}
