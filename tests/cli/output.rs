//! Standard output that goes away, and colours.

use std::io::{Read, Write};
use std::process::{Command, Stdio};

use crate::env::Env;

/// Ends the reading side before the program writes, and gives its exit code and standard error.
fn run_into_closed_pipe(env: &Env, args: &[&str]) -> (Option<i32>, String) {
    let mut command = env.command(args);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    drop(child.stdout.take());
    let mut stderr = String::new();
    let mut pipe = child.stderr.take().expect("standard error is a pipe");
    pipe.read_to_string(&mut stderr).expect("UTF-8");
    (child.wait().expect("the program ends").code(), stderr)
}

#[test]
fn a_closed_pipe_is_success() {
    let env = Env::new();
    env.ok(&["init"]);
    env.write("a.csv", "x,y\n".repeat(100_000));
    env.ok(&["add", "."]);
    env.ok(&["commit", "-m", "first"]);
    env.write("a.csv", "changed");
    for args in [
        &["--help"][..],
        &["help", "add"],
        &["--version"],
        &["log"],
        &["log", "--json"],
        &["show"],
        &["ls", "-R"],
        &["cat", "HEAD:a.csv"],
        &["hash", "."],
        &["status"],
        &["status", "--json"],
        &["add", "."],
    ] {
        assert_eq!(run_into_closed_pipe(&env, args), (Some(0), String::new()), "{args:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn output_that_cannot_be_written_is_an_error() {
    let env = Env::new();
    env.write("a.csv", "x");
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("Linux has it");
    let mut command = env.command(&["hash", "a.csv"]);
    let output = command.stdout(full).output().expect("the program starts");
    assert_eq!(output.status.code(), Some(1));
    let stderr = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(stderr.starts_with("error: cannot write to standard output: "), "{stderr}");
}

#[cfg(unix)]
#[test]
fn interrupted_work_ends_with_130() {
    let env = Env::new();
    env.ok(&["init"]);
    let mut command = env.command(&["add", "-", "--name", "endless"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    let mut stdin = child.stdin.take().expect("standard input is a pipe");
    // More than a pipe holds: when all is written, the program is at work.
    stdin.write_all(&[7; 1 << 20]).expect("the program reads");
    let kill = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(kill.expect("kill runs").success());
    let output = child.wait_with_output().expect("the program ends");
    drop(stdin);
    let stderr = String::from_utf8(output.stderr).expect("UTF-8");
    assert_eq!(output.status.code(), Some(130), "{stderr}");
    assert_eq!(
        stderr,
        "error: interrupted\nhint: nothing is lost; run the command again to go on\n"
    );
    assert_eq!(env.ok(&["status", "--porcelain"]), "");
}

#[test]
fn colours_follow_flag_and_environment() {
    let mut env = Env::new();
    let is_coloured = |env: &Env, args: &[&str]| env.run(args).stderr.contains('\u{1b}');
    let args = ["-C", "nowhere", "status"];
    assert!(!is_coloured(&env, &args), "a pipe is no terminal");
    let always = ["--color", "always", "-C", "nowhere", "status"];
    assert!(is_coloured(&env, &always));
    assert!(is_coloured(&env, &["--color=always", "nonsense"]));
    env.set("NO_COLOR", "1");
    assert!(is_coloured(&env, &always), "the flag is stronger");
    env.unset("NO_COLOR").set("CLICOLOR_FORCE", "1");
    assert!(is_coloured(&env, &args));
    assert!(!is_coloured(&env, &["--color=never", "-C", "nowhere", "status"]));
}
