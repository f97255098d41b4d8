//! Standard output that goes away, and colours.

use std::io::Read;
use std::process::Stdio;

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
    for args in [&["--help"][..], &["help", "add"], &["--version"]] {
        assert_eq!(run_into_closed_pipe(&env, args), (Some(0), String::new()), "{args:?}");
    }
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
