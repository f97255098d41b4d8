//! Who may do what: credentials that are wrong or have expired, buckets that are not there, readers who may
//! do nothing but read.

use crate::env::Env;
use crate::s3::{ACCESS_KEY, Fault, Identity, Op, Rights, SECRET};
use crate::site::{Site, URL};

/// The identity of `Site::new`, changed.
fn identity(rights: Rights, is_expired: bool) -> Identity {
    Identity {
        access_key: ACCESS_KEY.to_owned(),
        secret: SECRET.to_owned(),
        token: None,
        rights,
        is_expired,
    }
}

/// Runs push and clone, which must fail alike and say this.
#[track_caller]
fn both_fail(site: &Site, words: &[&str], hint: &str) {
    for args in [&["push"][..], &["clone", URL, "../copy"]] {
        let said = site.fails(args, 12);
        for word in words {
            assert!(said.contains(word), "{args:?}: no '{word}' in {said}");
        }
        assert!(said.contains(&format!("\nhint: {hint}")), "{said}");
        assert!(!site.env.path("../copy").exists(), "a clone that cannot begin leaves nothing");
    }
}

#[test]
fn credentials_that_are_no_good_are_told_without_showing_them() {
    let mut site = Site::new(1);
    site.env.ok(&["push"]);
    site.commit();
    let hint = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE";
    site.server.set_identity(identity(Rights::ALL, true));
    both_fail(&site, &["cannot read root/", "(ExpiredToken)", &site.server.url()], hint);
    site.server.set_identity(identity(Rights::ALL, false));
    let wrong = "another/secret+that/nobody-must-see";
    site.env.set("AWS_SECRET_ACCESS_KEY", wrong);
    both_fail(&site, &["(SignatureDoesNotMatch)"], hint);
    assert!(!site.fails(&["push"], 12).contains(wrong));
    site.env.set("AWS_SECRET_ACCESS_KEY", SECRET).set("AWS_ACCESS_KEY_ID", "AKIANOBODY");
    both_fail(&site, &["(InvalidAccessKeyId)"], hint);
    site.env.unset("AWS_ACCESS_KEY_ID");
    both_fail(&site, &["cannot reach s3://bucket/set", "no credentials were found"], hint);
    site.env.set("AWS_PROFILE", "nobody");
    both_fail(&site, &["the profile 'nobody' has no credentials"], hint);
    site.env.unset("AWS_PROFILE").set("AWS_ACCESS_KEY_ID", ACCESS_KEY);
    site.env.ok(&["push"]);
    site.assert_shared();
}

/// Credentials that expire while a push is under way: what was taken is used by the next.
#[test]
fn credentials_that_expire_during_a_push_lose_nothing() {
    let mut site = Site::new(2);
    site.env.ok(&["push"]);
    site.commit();
    site.server.script(Op::Create, "/root/", Fault::Status(400, "ExpiredToken"), 1);
    let said = site.fails(&["push"], 12);
    assert!(said.contains("(ExpiredToken)"), "{said}");
    let packs = site.server.keys("set/pack/");
    site.env.ok(&["push"]);
    assert_eq!(site.server.keys("set/pack/"), packs, "no pack is sent twice");
    site.assert_shared();
}

#[test]
fn a_bucket_that_is_not_there_is_named() {
    let site = Site::new(3);
    for args in [
        &["remote", "add", "other", "s3://no-such-bucket/set"][..],
        &["clone", "s3://no-such-bucket/set", "../copy"],
    ] {
        let said = site.fails(args, 12);
        assert!(
            said.contains("s3://no-such-bucket/set") && said.contains("(NoSuchBucket)"),
            "{said}"
        );
        assert!(said.contains("hint: check the name of the bucket"), "{said}");
    }
    site.env.ok(&["remote", "set-url", "origin", "s3://no-such-bucket/set"]);
    let said = site.fails(&["push"], 12);
    assert!(said.contains("(NoSuchBucket)"), "{said}");
}

#[test]
fn a_server_that_is_not_there_is_named() {
    let mut site = Site::new(4);
    let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr());
    let url = format!("http://{}", port.expect("a port that nobody listens on any more"));
    site.env.set("AWS_ENDPOINT_URL", &url);
    let said = site.fails(&["push"], 12);
    assert!(said.contains(&url) && said.contains("cannot read "), "{said}");
    assert!(said.contains("hint: check the network and the endpoint"), "{said}");
}

/// Who may do nothing but get objects whose keys are known clones and fetches: nothing is ever listed.
#[test]
fn readers_need_no_right_to_list() {
    let mut site = Site::new(5);
    site.env.ok(&["push"]);
    site.server.set_identity(identity(Rights::GET, false));
    site.env.ok(&["clone", URL, "../copy"]);
    site.assert_same("../copy");
    site.server.set_identity(identity(Rights::ALL, false));
    for _ in 0..5 {
        site.commit();
        site.env.ok(&["push"]);
    }
    site.server.set_identity(identity(Rights::GET, false));
    site.server.take_log();
    site.env.ok(&["-C", "../copy", "pull"]);
    site.assert_same("../copy");
    site.assert_clones("../proof");
    let log = site.server.take_log();
    assert!(log.iter().all(|seen| seen.op == Op::Get), "only gets");
    // And a push by them is refused, with the reason.
    site.commit();
    let said = site.fails(&["push"], 12);
    assert!(said.contains("cannot write ") && said.contains("(AccessDenied)"), "{said}");
    // A pin is written all the same, and says that nothing keeps what it names.
    let pinned = site.env.run(&["-C", "..", "pin", &format!("{URL}:"), "-o", "data"]);
    assert_eq!(pinned.code, 0, "{}", pinned.stderr);
    let warned = pinned.stderr.starts_with("warning: nothing keeps commit ")
        && pinned.stderr.contains("(AccessDenied)");
    assert!(warned, "{}", pinned.stderr);
    assert!(site.env.path("../esker.lock").exists());
}

#[test]
fn anyone_may_read_a_public_bucket() {
    let site = Site::new(6);
    site.env.ok(&["push"]);
    site.server.allow_anonymous(Rights::GET);
    let stranger = Env::new();
    let url = site.server.url();
    let args = ["clone", URL, "copy", "--endpoint", &url, "--anonymous"];
    stranger.ok(&args);
    assert_eq!(stranger.ok(&["-C", "copy", "hash", "."]), site.env.ok(&["hash", "."]));
    assert_eq!(stranger.ok(&["-C", "copy", "pull"]), "Already up to date.\n");
    stranger.ok(&["-C", "copy", "fsck", "--data"]);
}

/// The program says what a server's region is wrong about, and finds it by itself where none is set.
#[test]
fn the_region_is_found() {
    let mut site = Site::new(7);
    site.server.set_region("eu-central-7");
    let said = site.fails(&["push"], 12);
    assert!(said.contains("eu-central-7"), "{said}");
    site.env.unset("AWS_REGION");
    site.env.ok(&["push"]);
    site.assert_shared();
}
