//! `mv`: both names are staged, no data is read, nothing is replaced by surprise.

use std::fs;

use serde_json::json;

use crate::env::Env;
use crate::ran::assert_fails;
use crate::repo::{assert_clean, assert_no_leftovers, commit_all, hash};

fn committed() -> Env {
    let env = Env::new();
    env.ok(&["init"]);
    for path in ["a.csv", "b.csv", "d/c.csv", "d/deep/x"] {
        env.write(path, path);
    }
    commit_all(&env, "first");
    env
}

fn read(env: &Env, path: &str) -> String {
    fs::read_to_string(env.path(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// Whether stage and worktree are the same, and what differs from HEAD.
fn status(env: &Env) -> String {
    env.ok(&["status", "--porcelain"])
}

#[test]
fn a_file_gets_another_name_on_disk_and_in_the_stage() {
    let env = committed();
    assert_eq!(env.ok(&["mv", "-n", "a.csv", "z.csv"]), "would rename 'a.csv' to 'z.csv'\n");
    assert!(env.path("a.csv").exists());
    assert_eq!(env.ok(&["mv", "a.csv", "z.csv"]), "renamed 'a.csv' to 'z.csv'\n");
    assert_eq!(read(&env, "z.csv"), "a.csv");
    assert_eq!(status(&env), "D  a.csv\nA  z.csv\n");
    assert_eq!(env.ok(&["cat", "HEAD:a.csv"]), "a.csv");
    assert_clean(&env);
    assert_no_leftovers(&env);
}

#[test]
fn several_go_into_a_folder_and_folders_go_whole() {
    let env = committed();
    let document = env.json(&["mv", "b.csv", "a.csv", "d", "--json"]);
    let moved = |from: &str, to: &str| json!({"from": from, "to": to, "staged_only": false});
    assert_eq!(document["moves"], json!([moved("a.csv", "d/a.csv"), moved("b.csv", "d/b.csv")]));
    env.write("d/untracked", "mine");
    env.ok(&["mv", "d", "e"]);
    assert_eq!(read(&env, "e/untracked"), "mine");
    assert_eq!(read(&env, "e/deep/x"), "d/deep/x");
    env.ok(&["mv", "e/deep", "."]);
    assert_eq!(read(&env, "deep/x"), "d/deep/x");
    commit_all(&env, "moved");
    assert_eq!(env.ok(&["ls", "-R"]).lines().count(), 5, "{}", env.ok(&["ls", "-R"]));
    assert_eq!(hash(&env, "."), env.json(&["show", "--json"])["tree"], "as the folder's own id");
    assert_clean(&env);
}

#[test]
fn what_is_not_staged_stays_so() {
    let env = committed();
    env.write("a.csv", "changed");
    env.ok(&["mv", "a.csv", "z.csv"]);
    assert_eq!(status(&env), "D  a.csv\nAM z.csv\n");
    assert_eq!(env.ok(&["cat", "HEAD:a.csv"]), "a.csv");
    assert_clean(&env);
}

#[test]
fn a_move_made_by_hand_is_staged() {
    let env = committed();
    fs::rename(env.path("a.csv"), env.path("z.csv")).expect("rename");
    assert_eq!(env.ok(&["mv", "a.csv", "z.csv"]), "staged the rename of 'a.csv' to 'z.csv'\n");
    assert_eq!(status(&env), "D  a.csv\nA  z.csv\n");
    fs::rename(env.path("d"), env.path("e")).expect("rename");
    assert_eq!(env.ok(&["mv", "d", "e"]), "staged the rename of 'd' to 'e'\n");
    assert_eq!(
        status(&env),
        "D  a.csv\nD  d/c.csv\nD  d/deep/x\nA  e/c.csv\nA  e/deep/x\nA  z.csv\n"
    );
    assert_clean(&env);
}

#[test]
fn nothing_is_replaced_unless_forced() {
    let env = committed();
    env.write("mine", "precious");
    for target in ["b.csv", "mine"] {
        let ran = env.run(&["mv", "a.csv", target]);
        assert_fails(&ran, 4, &format!("'{target}' exists"), "--force");
    }
    fs::remove_file(env.path("b.csv")).expect("remove");
    assert_fails(&env.run(&["mv", "a.csv", "b.csv"]), 4, "'b.csv' exists", "--force");
    assert_eq!((read(&env, "a.csv").as_str(), read(&env, "mine").as_str()), ("a.csv", "precious"));
    env.ok(&["mv", "-f", "a.csv", "mine"]);
    assert_eq!(read(&env, "mine"), "a.csv");
    env.write("e/d/keep", "1");
    assert_fails(&env.run(&["mv", "-f", "d", "e"]), 4, "'e/d' exists", "choose another name");
    assert_eq!(read(&env, "e/d/keep"), "1");
    assert_clean(&env);
}

#[test]
fn moves_that_make_no_sense_say_why() {
    let env = committed();
    env.write("new", "x");
    assert_fails(&env.run(&["mv", "new", "n"]), 1, "'new' is not tracked", "esker status");
    assert_fails(&env.run(&["mv", "a.csv"]), 2, "2 values required", "esker help mv");
    assert_fails(&env.run(&["mv", "a.csv", "b.csv", "n"]), 2, "no folder 'n'", "mkdir -p n");
    assert_fails(&env.run(&["mv", "a.csv", "n/"]), 2, "no folder 'n'", "mkdir -p n");
    assert_fails(&env.run(&["mv", "a.csv", "n/a.csv"]), 2, "no folder 'n'", "mkdir -p n");
    fs::remove_file(env.path("a.csv")).expect("remove");
    assert_fails(&env.run(&["mv", "a.csv", "n"]), 1, "no 'a.csv'", "esker status");
    assert_eq!(status(&env), " D a.csv\n?? new\n");
}

#[test]
fn a_folder_is_not_moved_into_itself() {
    let env = committed();
    let ran = env.run(&["mv", "d", "d/deep"]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.stderr.contains("cannot be moved to 'd/deep/d'"), "{ran:?}");
    assert_eq!(status(&env), "");
}

#[test]
fn names_that_rules_leave_out_are_refused() {
    let env = committed();
    env.write(".eskerignore", "*.tmp\n");
    let ran = env.run(&["mv", "a.csv", "a.tmp"]);
    assert_fails(&ran, 2, "'a.tmp' would be left out by .eskerignore:1:*.tmp", "another name");
    assert!(env.path("a.csv").exists());
}

/// The stat cache goes along, so that a file of any size costs nothing: not even when the bytes on disk
/// are changed behind the stat's back does anybody read them.
#[cfg(target_os = "linux")]
#[test]
fn no_data_is_read_again_after_a_move() {
    let env = committed();
    env.write("big.bin", vec![7; 3 << 20]);
    env.write("d/big.bin", vec![8; 3 << 20]);
    // Stamps are believed only once they are a little old.
    std::thread::sleep(std::time::Duration::from_millis(30));
    commit_all(&env, "big");
    env.ok(&["mv", "big.bin", "large.bin"]);
    env.ok(&["mv", "d", "e"]);
    env.ok(&["commit", "-qm", "moved"]);
    let mut command = std::process::Command::new("strace");
    let inner = env.command(&["status", "--porcelain"]);
    command.args(["-f", "-e", "trace=openat", "-o"]).arg(env.path("../tmp/trace"));
    command.arg(inner.get_program()).args(inner.get_args()).current_dir(env.dir()).env_clear();
    command.envs(inner.get_envs().filter_map(|(key, value)| Some((key, value?))));
    let Ok(output) = command.output() else { return crate::ran::skip("there is no strace") };
    if !output.status.success() {
        return crate::ran::skip("strace is not allowed to trace");
    }
    assert_eq!(String::from_utf8_lossy(&output.stdout), "");
    let trace = fs::read_to_string(env.path("../tmp/trace")).expect("a trace");
    assert!(trace.contains("state.db"), "{trace}");
    for name in ["large.bin", "big.bin"] {
        assert!(!trace.contains(name), "{name} was read: {trace}");
    }
}
