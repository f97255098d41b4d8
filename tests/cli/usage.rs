//! Help, wrong usage, and errors before a verb does anything.

use serde_json::{Value, json};

use crate::env::Env;

const VERBS: &[&str] = &[
    "init",
    "add",
    "status",
    "commit",
    "diff",
    "log",
    "show",
    "annotate",
    "ls",
    "du",
    "find",
    "cat",
    "checkout",
    "restore",
    "rm",
    "mv",
    "clean",
    "check-ignore",
    "roots",
    "hash",
    "stats",
    "fsck",
    "config",
    "demo",
    "doctor",
    "help",
];

#[test]
fn help_names_every_verb_and_each_explains_itself() {
    let env = Env::new();
    let help = env.ok(&["--help"]);
    for verb in VERBS {
        assert!(help.contains(&format!("\n  {verb} ")), "{verb} is not in:\n{help}");
        let long = env.ok(&["help", verb]);
        assert_eq!(long, env.ok(&[verb, "--help"]));
        assert!(long.contains("Examples:") && long.contains("Exit codes:"), "{verb}:\n{long}");
    }
    assert_eq!(env.ok(&["--version"]), format!("esker {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn wrong_usage_is_one_line_a_hint_and_code_2() {
    let env = Env::new();
    let mistyped = "error: unrecognized subcommand 'comit'\nhint: did you mean 'commit'?\n";
    env.run(&["comit"]).fails(2, mistyped);
    let missing = "error: the following required arguments were not provided: \
                   <REV:PATH|URL[@REV]:PATH>\n\
                   hint: see how it is used: esker help cat\n";
    env.run(&["cat"]).fails(2, missing);
    let value = "error: invalid value 'five' for '--sample <N%>': expected a number above 0 and up \
                 to 100, such as 5%\nhint: see how it is used: esker help fsck\n";
    env.run(&["fsck", "--sample", "five"]).fails(2, value);
    let stdin = "error: standard input needs a name to be stored under\n\
                 hint: name it: esker add - --name raw/new.csv\n";
    env.run(&["add", "-"]).fails(2, stdin);
    assert_eq!(env.run(&[]).code, 2);
}

#[test]
fn usage_errors_are_json_when_asked_for() {
    let env = Env::new();
    let ran = env.run(&["--json", "comit"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""));
    let document: Value = serde_json::from_str(&ran.stderr).expect("one document");
    let expected = json!({
        "schema": 1,
        "error": "unrecognized subcommand 'comit'",
        "kind": "usage",
        "hint": "did you mean 'commit'?",
        "exit_code": 2,
    });
    assert_eq!(document, expected);
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let env = Env::new();
    let ran = env.run(&["-C", "nowhere", "status"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.starts_with("error: cannot change to nowhere: "), "{}", ran.stderr);
    let quiet = env.run(&["-C", "nowhere", "status", "-q"]);
    assert_eq!(quiet.code, 9);
}

#[test]
fn without_a_repository_the_code_is_10() {
    let env = Env::new();
    let ran = env.run(&["status"]);
    let dir = env.dir().canonicalize().expect("the folder is there");
    let message = format!(
        "error: no esker repository in {} or above it\nhint: make one: esker init\n",
        dir.display()
    );
    ran.fails(10, &message);
    let ran = env.run(&["status", "--json"]);
    let document: Value = serde_json::from_str(&ran.stderr).expect("one document");
    assert_eq!(ran.code, 10);
    assert_eq!(document["kind"], "no_repository");
    assert_eq!(document["hint"], "make one: esker init");
    assert_eq!(document["exit_code"], 10);
    assert_eq!(env.run(&["status", "-q"]).code, 9);
}
