//! `log`, `show`, `annotate`, `du`, `find`: what is found, how it is told.

use std::fs;

use serde_json::{Value, json};

use crate::env::{Env, NOW};

/// A small history: three commits in a line on `main`, an hour apart; the second adds a folder.
struct History {
    env: Env,
}

impl History {
    fn new() -> Self {
        let env = Env::new();
        env.ok(&["init"]);
        let mut history = Self { env };
        history.env.write("a.csv", "1\n");
        history.env.write("images/x.png", [0; 10]);
        history.commit(1, "first version");
        history.env.write("images/y.png", [0; 3000]);
        history.env.write("images/deep/z.png", [1; 20]);
        history.commit(2, "More images");
        history.env.write("a.csv", "2\n");
        history.commit(3, "new labels\n\nfrom the lab");
        history
    }

    /// Commits everything, `hours` after the fixed time.
    fn commit(&mut self, hours: i64, message: &str) {
        self.env.set("ESKER_TEST_NOW", &format!("{} 0", NOW + 3600 * hours));
        self.env.ok(&["add", "-A"]);
        let meta = format!("run={hours}");
        self.env.ok(&["commit", "-m", message, "--meta", &meta, "--meta", "source=lab"]);
    }

    /// Summaries of `log --oneline` with further arguments.
    fn log(&self, args: &[&str]) -> Vec<String> {
        let text = self.env.ok(&[&["log", "--oneline"], args].concat());
        text.lines().map(summary).collect()
    }

    fn end(&self) {
        assert_eq!(self.env.run(&["fsck"]).code, 0);
    }
}

/// A line without its id and the names of refs.
fn summary(line: &str) -> String {
    let rest = line[10..].trim_start();
    let names_end = if rest.starts_with('(') { rest.find(") ").map_or(0, |at| at + 2) } else { 0 };
    rest[names_end..].to_owned()
}

#[test]
fn log_finds_commits_that_touched_paths() {
    let h = History::new();
    assert_eq!(h.log(&["--", "a.csv"]), ["new labels", "first version"]);
    assert_eq!(h.log(&["images"]), ["More images", "first version"]);
    assert_eq!(h.log(&["--", "images/deep"]), ["More images"]);
    assert_eq!(h.log(&["HEAD~1", "--", "a.csv"]), ["first version"]);
    assert_eq!(h.log(&["--", "nothing"]), [""; 0]);
    fs::remove_file(h.env.path("a.csv")).expect("remove");
    assert_eq!(h.log(&["a.csv"]), ["new labels", "first version"], "it is in HEAD");
    h.end();
}

#[test]
fn log_is_narrowed_by_range_date_author_message_and_metadata() {
    let h = History::new();
    assert_eq!(h.log(&["HEAD~1.."]), ["new labels"]);
    assert_eq!(h.log(&["HEAD", "^HEAD~1"]), ["new labels"]);
    assert_eq!(h.log(&["--since", "2024-05-31T16:00:00Z"]), ["new labels", "More images"]);
    assert_eq!(h.log(&["--since", "1 hour ago"]), ["new labels", "More images"]);
    assert_eq!(h.log(&["--until", "2024-05-31 15:30"]), ["first version"]);
    assert_eq!(h.log(&["--grep", "^More"]), ["More images"]);
    assert_eq!(h.log(&["--grep", "^more"]), [""; 0]);
    assert_eq!(h.log(&["-i", "--grep", "^more", "--grep", "LAB$"]), ["new labels", "More images"]);
    assert_eq!(h.log(&["--author", "Ada .*example"]).len(), 3);
    assert_eq!(h.log(&["--author", "Grace"]), [""; 0]);
    assert_eq!(h.log(&["--meta", "run=2"]), ["More images"]);
    assert_eq!(h.log(&["--meta", "source", "--meta", "run=3"]), ["new labels"]);
    assert_eq!(h.log(&["--skip", "1", "-n", "1"]), ["More images"]);
    assert_eq!(h.log(&["--reverse", "-n", "2"]), ["More images", "new labels"]);
    let ran = h.env.run(&["log", "--grep", "(open"]);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    assert!(ran.stderr.starts_with("error: '(open' is no regular expression: "), "{}", ran.stderr);
    let ran = h.env.run(&["log", "--since", "someday"]);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
}

#[test]
fn log_tells_what_changed() {
    let h = History::new();
    let text = h.env.ok(&["log", "-n", "2", "--oneline", "--name-status"]);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[1..2], ["M\ta.csv"]);
    assert_eq!(lines[3..], ["A\timages/deep/z.png", "A\timages/y.png"]);
    let text = h.env.ok(&["log", "-n", "1", "--stat"]);
    let stat = "    new labels\n\n    from the lab\n\n M a.csv         2 B ->        2 B         +0 B\n \
                1 file changed, 1 modified (+0 B of 2 B)\n";
    assert!(text.ends_with(stat), "{text}");
    let text = h.env.ok(&["log", "--json", "--stat", "-n", "1", "HEAD~1"]);
    let document: Value = serde_json::from_str(&text).expect("one document");
    assert_eq!(document["change_totals"]["added"], 2);
    assert_eq!(document["changes"][1]["new"]["size"], 3000);
    assert_eq!((&document["files"], &document["bytes"]), (&json!(4), &json!(3032)));
}

#[test]
fn log_draws_branches_and_merges() {
    let mut h = History::new();
    h.env.ok(&["checkout", "--detach", "HEAD~1"]);
    h.env.write("b.csv", "3\n");
    h.commit(4, "aside");
    let drawn = h.env.ok(&["log", "--oneline", "--graph", "main", "HEAD"]);
    let nodes: Vec<String> = drawn
        .lines()
        .filter(|line| line.contains("*"))
        .map(|line| {
            let at = line.find("*").expect("a node");
            let text = line[at + 1..].trim_start_matches([' ', '|']);
            format!("{}{}", &line[at..=at], summary(text))
        })
        .collect();
    assert_eq!(nodes, ["*aside", "*new labels", "*More images", "*first version"]);
    assert!(drawn.lines().any(|line| line.contains("|/")), "{drawn}");
    assert_eq!(h.log(&["main...HEAD"]), ["aside", "new labels"]);
    assert_eq!(h.log(&["main", "^HEAD"]), ["new labels"]);
    assert_eq!(h.log(&["--all"]).len(), 4);
    h.end();
}

#[test]
fn show_tells_what_a_commit_changed() {
    let h = History::new();
    let shown = h.env.ok(&["show", "HEAD~1"]);
    let stat = " A images/deep/z.png           - ->       20 B        +20 B\n \
                A images/y.png                - ->    2.9 KiB     +2.9 KiB\n \
                2 files changed, 2 added (+2.9 KiB)\n";
    assert!(shown.ends_with(stat), "{shown}");
    let document = h.env.json(&["show", "--json", "HEAD~1"]);
    assert_eq!(document["changes"][0]["path"], "images/deep/z.png");
    assert_eq!(document["change_totals"]["added_bytes"], 3020);
}

#[test]
fn annotate_names_the_last_commit_of_each_entry() {
    let mut h = History::new();
    let told = |h: &History, args: &[&str]| -> Vec<String> {
        let text = h.env.ok(&[&["annotate"], args].concat());
        text.lines().map(|line| line[39..].to_owned()).collect()
    };
    assert_eq!(told(&h, &[]), ["a.csv  new labels", "images/  More images"]);
    let images =
        ["images/deep/  More images", "images/x.png  first version", "images/y.png  More images"];
    assert_eq!(told(&h, &["images"]), images);
    assert_eq!(told(&h, &["HEAD:images"]), images);
    assert_eq!(told(&h, &["HEAD~2", "images"]), ["images/x.png  first version"]);
    assert_eq!(told(&h, &["a.csv"]), ["a.csv  new labels"]);
    // Brought back as it was: the commit that did so is the last.
    h.env.write("a.csv", "1\n");
    h.commit(5, "back");
    assert_eq!(told(&h, &["a.csv"]), ["a.csv  back"]);
    let text = h.env.ok(&["annotate", "a.csv", "--json"]);
    let document: Value = serde_json::from_str(&text).expect("one document");
    assert_eq!(document["entry"]["path"], "a.csv");
    assert_eq!(document["commit"]["message"].as_str().map(str::trim_end), Some("back"));
    let missing = h.env.run(&["annotate", "nowhere"]);
    assert_eq!(missing.code, 1, "{}", missing.stderr);
    h.end();
}

#[test]
fn du_sums_folders_from_their_trees() {
    let h = History::new();
    h.env.write("images/copy.png", [0; 3000]);
    h.env.ok(&["add", "."]);
    h.env.ok(&["commit", "-m", "copy"]);
    let expected = "   5.9 KiB         4 images/\n   5.9 KiB         5 ./\n";
    assert_eq!(h.env.ok(&["du"]), expected);
    let deep = h.env.ok(&["du", "-d", "2", "--bytes", "main:images"]);
    assert_eq!(deep, "        20         1 images/deep/\n      6030         4 images/\n");
    let files = h.env.ok(&["du", "-a", "HEAD~1", "images"]);
    assert!(files.contains("2.9 KiB         1 images/y.png\n"), "{files}");
    let unique = h.env.ok(&["du", "-d", "0", "--unique", "--bytes"]);
    assert_eq!(unique, "      6032       3032         5 ./\n");
    let stored = h.env.ok(&["du", "-d", "0", "--unique", "--stored", "--bytes", "--json"]);
    let stored: Value = serde_json::from_str(&stored).expect("one document");
    let bytes = stored["stored_bytes"].as_u64().expect("told");
    assert!((1..3032).contains(&bytes), "zeros are compressed: {stored}");
    let twice = h.env.ok(&["du", "-d", "0", "--stored", "--bytes", "--json", "HEAD:images"]);
    let twice: Value = serde_json::from_str(&twice).expect("one document");
    assert!(twice["stored_bytes"].as_u64() < Some(bytes), "{twice} is without a.csv: {stored}");
    let text = h.env.ok(&["du", "-d", "0", "--json", "a.csv"]);
    let document: Value = serde_json::from_str(&text).expect("one document");
    assert_eq!((&document["path"], &document["bytes"]), (&json!("a.csv"), &json!(2)));
}

#[test]
fn find_looks_by_name_size_kind_and_id() {
    let h = History::new();
    let found = |args: &[&str]| h.env.ok(&[&["find"], args].concat());
    assert_eq!(found(&["*.png"]), "images/deep/z.png\nimages/x.png\nimages/y.png\n");
    assert_eq!(found(&["images/*.png", "--size", "-1k"]), "images/x.png\n");
    assert_eq!(found(&["--size", "+1k"]), "images/y.png\n");
    assert_eq!(found(&["--kind", "d"]), "images/\nimages/deep/\n");
    assert_eq!(found(&["*.PNG", "-i", "--", "images/deep"]), "images/deep/z.png\n");
    assert_eq!(found(&["*.png", "--rev", "HEAD~2"]), "images/x.png\n");
    let long = h.env.ok(&["ls", "--long", "HEAD:a.csv"]);
    let id = &long[2..12];
    assert_eq!(found(&["--id", id]), "a.csv\n");
    assert_eq!(found(&["nothing"]), "");
    assert_eq!(h.env.run(&["find", "--id", "xyz"]).code, 2);
    assert_eq!(h.env.run(&["find", "--size", "big"]).code, 2);
    assert_eq!(h.env.run(&["find", "{a"]).code, 2);
}

#[test]
fn find_looks_through_a_history() {
    let h = History::new();
    let found = |args: &[&str]| -> Vec<String> {
        let text = h.env.ok(&[&["find"], args].concat());
        text.lines().map(|line| line[11..].to_owned()).collect()
    };
    assert_eq!(found(&["--all", "a.csv"]), ["a.csv", "a.csv"]);
    assert_eq!(found(&["--rev", "HEAD~1..HEAD"]), ["a.csv"]);
    assert_eq!(found(&["--rev", "HEAD~2..HEAD", "*.png"]), ["images/deep/z.png", "images/y.png"]);
    let text = h.env.ok(&["find", "--all", "--json", "x.png"]);
    let document: Value = serde_json::from_str(&text).expect("one document");
    assert_eq!(document["path"], "images/x.png");
    assert_eq!(document["commit"].as_str().map(str::len), Some(64));
    h.end();
}
