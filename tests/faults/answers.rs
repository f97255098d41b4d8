//! Requests and answers that go astray: for each fault, the same command gets through, at once or when it is run
//! again.

use crate::s3::{Fault, Op};
use crate::site::{Site, URL};

/// What befalls requests that the program is to get over by itself.
///
/// All of them on the requests for packs; on the others, which go the same way, some.
const PASSING: &[Fault] = &[
    Fault::Status(429, "TooManyRequests"),
    Fault::Status(500, "InternalError"),
    Fault::Status(503, "SlowDown"),
    Fault::Reset,
    Fault::AnswerLost,
    Fault::Silent,
];

struct Table {
    rows: Vec<String>,
}

impl Table {
    fn new() -> Self {
        Self { rows: Vec::new() }
    }

    fn add(&mut self, verb: &str, op: Op, key: &str, fault: Fault, met: usize, how: &str) {
        let (what, fault) = (format!("{op:?} {key}"), format!("{fault:?}"));
        self.rows.push(format!("{verb:<6} {what:<14} {fault:<44} {met:>3}  {how}"));
    }

    fn print(&self) {
        println!("verb   request        fault                                        met  result");
        self.rows.iter().for_each(|row| println!("{row}"));
    }
}

/// Injects a fault, runs `args`, and says how many requests met it.
fn survives(site: &Site, op: Op, key: &'static str, fault: Fault, args: &[&str]) -> usize {
    let is_slow = matches!(fault, Fault::Silent | Fault::Stall | Fault::StallUpload);
    let times = if is_slow { 1 } else { 2 };
    site.server.script(op, key, fault, times);
    let ran = site.run(args);
    assert_eq!(ran.code, 0, "{op:?} {key} {fault:?}: {}", ran.stderr);
    let met = times - site.server.clear_rules();
    assert!(met > 0, "{op:?} {key} {fault:?}: no request met it");
    met
}

/// Pushes with each fault on requests for keys that contain `key`; one push makes one root.
fn push_through(seed: u64, op: Op, key: &'static str, faults: &[Fault]) {
    let mut site = Site::new(seed);
    let mut table = Table::new();
    site.env.ok(&["push"]);
    for fault in faults {
        site.commit();
        let roots = site.roots();
        let met = survives(&site, op, key, *fault, &["push"]);
        assert_eq!(site.roots(), roots + 1, "{fault:?}");
        site.server.deliver_late();
        table.add("push", op, key, *fault, met, "got through");
    }
    site.assert_shared();
    table.print();
}

#[test]
fn a_push_gets_over_faults_of_packs() {
    push_through(1, Op::Put, "/pack/", &[PASSING, &[Fault::StallUpload, Fault::Late]].concat());
}

#[test]
fn a_push_gets_over_faults_of_tables_and_segments() {
    push_through(11, Op::Put, "/list/", &PASSING[2..4]);
    push_through(12, Op::Put, "/table/", &PASSING[2..4]);
}

/// A root is small: it is gone before anything could stall. Late ones have a test of their own.
#[test]
fn a_push_gets_over_faults_of_roots() {
    let own = [
        Fault::Status(409, "ConditionalRequestConflict"),
        Fault::Status(412, "PreconditionFailed"),
    ];
    push_through(13, Op::Create, "/root/", &[PASSING, &own].concat());
}

#[test]
fn a_clone_gets_over_faults_that_pass() {
    let mut site = Site::new(2);
    let mut table = Table::new();
    site.env.ok(&["push"]);
    site.commit();
    site.env.ok(&["push"]);
    let own = [Fault::ResetInBody, Fault::Short, Fault::Stall];
    for key in ["/root/", "/list/", "/pack/", "/table/"] {
        let general = if key == "/pack/" { PASSING } else { &PASSING[2..4] };
        for fault in general.iter().chain(&own[..if key == "/pack/" { 3 } else { 1 }]) {
            let met = survives(&site, Op::Get, key, *fault, &["clone", URL, "../copy"]);
            site.assert_same("../copy");
            std::fs::remove_dir_all(site.env.path("../copy")).expect("remove");
            table.add("clone", Op::Get, key, *fault, met, "got through");
        }
    }
    table.print();
}

/// A bit that is another one is never taken: the clone fails and names what is damaged, and the next is whole.
#[test]
fn bytes_that_changed_on_the_way_are_noticed() {
    let site = Site::new(3);
    let mut table = Table::new();
    site.env.ok(&["push"]);
    for key in ["/root/", "/list/", "/pack/", "/table/"] {
        site.server.script(Op::Get, key, Fault::Flipped, 1);
        let said = site.fails(&["clone", URL, "../copy"], 5);
        assert_eq!(site.server.clear_rules(), 0);
        assert!(said.contains(&key[1..]) && said.contains("damaged"), "{said}");
        site.env.ok(&["clone", URL, "../copy"]);
        site.assert_same("../copy");
        std::fs::remove_dir_all(site.env.path("../copy")).expect("remove");
        table.add("clone", Op::Get, key, Fault::Flipped, 1, "refused, next whole");
    }
    table.print();
}

#[test]
fn faults_that_last_are_told_and_the_next_run_goes_on() {
    let mut site = Site::new(4);
    let mut table = Table::new();
    site.env.ok(&["push"]);
    for (op, key, fault) in [
        (Op::Put, "/pack/", Fault::Status(503, "SlowDown")),
        (Op::Put, "/pack/", Fault::Reset),
        (Op::Create, "/root/", Fault::Reset),
    ] {
        site.commit();
        site.server.script(op, key, fault, 10_000);
        let said = site.fails(&["push"], 12);
        let met = 10_000 - site.server.clear_rules();
        // What was tried, where, on what; or that nobody knows what became of it.
        let is_told = said.contains("cannot write ")
            && said.contains("pack/")
            && said.contains(&format!("{URL} ({})", site.server.url()));
        assert!(is_told || said.contains("whether the push was taken is not known"), "{said}");
        assert!(said.contains("\nhint: "), "{said}");
        let packs = site.server.keys("set/pack/").len();
        site.env.ok(&["push"]);
        let again = site.server.keys("set/pack/").len() - packs;
        table.add("push", op, key, fault, met, "told; next run done");
        if op == Op::Create {
            assert_eq!(again, 0, "packs that were answered for are not sent again");
        }
    }
    site.server.script(Op::Get, "/pack/", Fault::Status(503, "SlowDown"), 10_000);
    let said = site.fails(&["clone", URL, "../copy"], 12);
    assert!(said.contains("cannot read pack/") && said.contains(&site.server.url()), "{said}");
    table.add("clone", Op::Get, "/pack/", Fault::Status(503, "SlowDown"), 1, "told; next run done");
    site.server.clear_rules();
    site.env.ok(&["clone", URL, "../copy"]);
    site.assert_same("../copy");
    site.assert_shared();
    table.print();
}

/// The answer of the create of a root is lost: it is read back, and the refs move once.
#[test]
fn a_root_whose_answer_is_lost_is_found() {
    let mut site = Site::new(5);
    site.env.ok(&["push"]);
    site.commit();
    let roots = site.roots();
    site.server.script(Op::Create, "/root/", Fault::AnswerLost, 1);
    let log = |site: &Site| site.server.take_log();
    log(&site);
    site.env.ok(&["push"]);
    let creates = log(&site).iter().filter(|seen| seen.op == Op::Create).count();
    assert_eq!((site.roots(), creates), (roots + 1, 1), "read back, not sent again");
    site.assert_shared();
}

/// A root arrives after the push has given up: the next push finds it and moves nothing twice.
#[test]
fn a_root_that_arrives_late_is_found_by_the_next_push() {
    let mut site = Site::new(6);
    site.env.ok(&["push"]);
    for with_new_commit in [false, true] {
        site.commit();
        let roots = site.roots();
        site.server.script(Op::Create, "/root/", Fault::Late, 1000);
        let said = site.fails(&["push"], 12);
        assert!(said.contains("whether the push was taken is not known"), "{said}");
        let sent = 1000 - site.server.clear_rules();
        assert_eq!(site.roots(), roots, "nothing has arrived");
        assert_eq!(site.server.deliver_late(), sent);
        assert_eq!(site.roots(), roots + 1, "of identical requests one is taken");
        if with_new_commit {
            site.commit();
        }
        site.env.ok(&["push"]);
        assert_eq!(site.roots(), roots + 1 + usize::from(with_new_commit));
        site.assert_shared();
    }
}

/// The limit that a person sets holds, and a wrong one is told.
#[test]
fn a_push_keeps_to_the_rate_that_is_set() {
    let mut site = Site::new(7);
    site.env.ok(&["push"]);
    site.commit();
    site.server.take_log();
    let started = std::time::Instant::now();
    site.env.ok(&["push", "--limit-rate", "600K"]);
    let took = started.elapsed().as_secs_f64();
    let sent: usize = site.server.take_log().iter().map(|seen| seen.bytes).sum();
    let least = sent as f64 / (600.0 * 1024.0);
    assert!(sent > 700_000 && took > 0.8 * least, "{sent} bytes in {took} s");
    let said = site.fails(&["push", "--limit-rate", "fast"], 2);
    assert!(said.contains("--limit-rate") && said.contains("500K, 10M or 1G"), "{said}");
    site.assert_shared();
}
