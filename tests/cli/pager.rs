//! Long output on a terminal: which pager reads it, and how a run ends with one.

#![cfg(target_os = "linux")]

use std::process::Command;

use crate::env::Env;

/// Runs the program on a terminal of its own, and gives what that shows and the exit code. `None` where
/// `script`, which makes the terminal, is not installed.
fn on_a_terminal(env: &Env, args: &str) -> Option<(String, i32)> {
    let line = format!("{} --color=never {args}", env!("CARGO_BIN_EXE_esker"));
    let inner = env.command(&[]);
    let mut command = Command::new("script");
    command.args(["-qec", &line, "/dev/null"]).current_dir(env.dir()).env_clear();
    command.envs(inner.get_envs().filter_map(|(key, value)| Some((key, value?))));
    let output = command.stdin(std::process::Stdio::null()).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).replace('\r', "");
    Some((text, output.status.code().expect("it ends by itself")))
}

/// A repository with one commit whose message is long.
fn committed() -> Env {
    let mut env = Env::new();
    env.set("ESKER_PAGER", "sed s/^/paged:/");
    env.ok(&["init"]);
    env.write("a.csv", "1\n");
    env.ok(&["add", "."]);
    let long = "many words\n".repeat(20_000);
    assert_eq!(env.run_with(&["commit", "-F", "-"], long.as_bytes()).code, 0);
    env
}

#[test]
fn the_pager_is_the_one_that_was_named() {
    let mut env = committed();
    let Some((text, code)) = on_a_terminal(&env, "log") else { return };
    assert_eq!(code, 0, "{text}");
    assert!(text.starts_with("paged:commit "), "{}", &text[..200]);
    for plain in ["--no-pager log", "log --json", "status"] {
        let (text, _) = on_a_terminal(&env, plain).expect("script is there");
        assert!(!text.contains("paged:"), "{plain}");
    }
    env.unset("ESKER_PAGER").set("PAGER", "cat");
    env.ok(&["config", "core.pager", "sed s/^/set:/"]);
    let (text, _) = on_a_terminal(&env, "show").expect("script is there");
    assert!(text.starts_with("set:commit "), "{}", &text[..200]);
    env.ok(&["config", "core.pager", ""]);
    let (text, _) = on_a_terminal(&env, "show").expect("script is there");
    assert!(text.starts_with("commit "), "{}", &text[..200]);
}

#[test]
fn a_pager_that_is_left_early_has_seen_enough() {
    let mut env = committed();
    env.set("ESKER_PAGER", "head -n 1");
    let Some((text, code)) = on_a_terminal(&env, "log") else { return };
    assert_eq!((text.lines().count(), code), (1, 0), "{text}");
}

#[test]
fn errors_are_seen_behind_a_pager() {
    let env = committed();
    let Some((text, code)) = on_a_terminal(&env, "log --since someday") else { return };
    assert_eq!(code, 2, "{text}");
    assert!(text.contains("error: cannot read the date 'someday'"), "{text}");
}
