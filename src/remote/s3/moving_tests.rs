//! How fast bytes move, and what happens when they do not.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{S3, S3Options};
use crate::remote::conformance::options_for;
use crate::remote::pace::Pace;
use crate::remote::test_server::{Fault as Mishap, Op, Server};
use crate::remote::transport::{Created, Fault, Transport, get};

fn open(server: &Server, stall: Duration, rate: Option<u64>) -> S3 {
    let options = S3Options { stall: Some(stall), ..options_for(server) };
    let pace = rate.map(|rate| Arc::new(Pace::new(rate)));
    S3::new("bucket", "x", &options, pace).expect("bucket")
}

#[test]
fn a_rate_holds_for_both_directions_and_all_connections() {
    let server = Server::start();
    let s3 = open(&server, Duration::from_secs(5), Some(400_000));
    let seconds = |work: &(dyn Fn() + Sync)| {
        let started = Instant::now();
        work();
        started.elapsed().as_secs_f64()
    };
    let body = vec![7; 200_000];
    let took = seconds(&|| s3.put("a", body.clone()).expect("put"));
    assert!((0.3..10.0).contains(&took), "{took}");
    let took = seconds(&|| assert_eq!(get(&s3, "a", 1 << 20).expect("get"), body));
    assert!((0.3..10.0).contains(&took), "{took}");
    // Two at once share it.
    let took = seconds(&|| {
        std::thread::scope(|scope| {
            for key in ["b", "c"] {
                let (s3, body) = (&s3, body.clone());
                scope.spawn(move || s3.put(key, body).expect("put"));
            }
        });
    });
    assert!((0.8..10.0).contains(&took), "{took}");
}

/// Waiting for its turn is no stall, however slow the rate.
#[test]
fn a_slow_rate_is_no_stall() {
    let server = Server::start();
    let s3 = open(&server, Duration::from_millis(300), Some(10_000));
    s3.put("a", vec![1; 10_000]).expect("put");
    assert_eq!(get(&s3, "a", 20_000).expect("get").len(), 10_000);
    assert_eq!(server.take_log().iter().filter(|seen| seen.op == Op::Put).count(), 1);
}

#[test]
fn what_stalls_is_given_up_and_tried_again() {
    let server = Server::start();
    let s3 = open(&server, Duration::from_millis(200), None);
    // More than the system takes off one's hands.
    let body = vec![3; 12 << 20];
    server.script(Op::Put, "", Mishap::Silent, 1);
    s3.put("small", vec![3]).expect("a second time");
    server.script(Op::Get, "", Mishap::Stall, 2);
    server.script(Op::Get, "", Mishap::Silent, 1);
    s3.put("large", body.clone()).expect("put");
    assert!(get(&s3, "large", 1 << 30).expect("a third time") == body);
    assert_eq!(server.clear_rules(), 0);
    // It is told when it does not end.
    server.script(Op::Get, "", Mishap::Silent, 100);
    let e = get(&s3, "large", 1 << 30).expect_err("never");
    assert_eq!(e.fault, Fault::Lost);
    let said = e.to_string();
    assert!(said.starts_with("cannot read large at s3://bucket/x (http://127.0.0.1:"), "{said}");
    assert!(said.ends_with(": nothing moved for 0.2 seconds"), "{said}");
}

/// An upload of which nothing is taken any more is noticed while it is sent.
#[test]
fn an_upload_that_stalls_is_tried_again() {
    let server = Server::start();
    let s3 = open(&server, Duration::from_millis(300), None);
    server.script(Op::Put, "", Mishap::StallUpload, 1);
    s3.put("large", vec![3; 24 << 20]).expect("a second time");
    assert_eq!(server.object("x/large").expect("there").bytes.len(), 24 << 20);
    assert_eq!(server.clear_rules(), 0);
}

/// A create is never sent twice by itself: whether it was carried out is for the caller to find out.
#[test]
fn a_create_whose_answer_is_lost_is_not_sent_again() {
    let server = Server::start();
    let s3 = open(&server, Duration::from_millis(200), None);
    for mishap in [Mishap::AnswerLost, Mishap::Silent, Mishap::Reset, Mishap::Late] {
        server.script(Op::Create, "", mishap, 1);
        server.take_log();
        let e = s3.create_if_absent("root", b"one").expect_err("no answer");
        assert_eq!(e.fault, Fault::Lost, "{mishap:?}");
        assert_eq!(server.take_log().len(), 1, "{mishap:?}");
        let is_there = matches!(mishap, Mishap::AnswerLost | Mishap::Silent);
        assert_eq!(server.object("x/root").is_some(), is_there, "{mishap:?}");
        server.restore(Default::default());
    }
    // One that the server refuses for the moment was not carried out, and is.
    server.script(Op::Create, "", Mishap::Status(503, "SlowDown"), 2);
    assert_eq!(s3.create_if_absent("root", b"one").expect("made"), Created::Made);
}
