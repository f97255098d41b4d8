//! `install.sh` and release archives: installed twice, removed once, nothing left.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::env::{Env, Ran};
use crate::ran::{assert_fails, skip};
use crate::stale::project;

const PROGRAM: &str = env!("CARGO_BIN_EXE_esker");

/// A program that stands for the real one, which is too large to be packed again and again.
fn program(env: &Env) -> String {
    use std::os::unix::fs::PermissionsExt;
    env.write("built/esker", format!("#!/bin/sh\nexec '{PROGRAM}' \"$@\"\n"));
    let path = env.path("built/esker");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("chmod");
    path.display().to_string()
}

fn run(env: &Env, program: &Path, args: &[&str]) -> Ran {
    let inner = env.command(&[]);
    let mut command = Command::new(program);
    command.args(args).current_dir(env.dir()).env_clear();
    command.envs(inner.get_envs().filter_map(|(key, value)| Some((key, value?))));
    Ran::of(command.stdin(Stdio::null()).output().expect("the script starts"))
}

fn install(env: &Env, args: &[&str]) -> Ran {
    run(env, &project("install.sh"), args)
}

#[track_caller]
fn installed(ran: &Ran) {
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stdout.contains(" was installed in "), "{ran:?}");
}

#[test]
fn twice_installed_and_removed_nothing_is_left() {
    let env = Env::new();
    for _ in 0..2 {
        installed(&install(&env, &["--prefix", "p", "--binary", &program(&env)]));
    }
    let prefix = env.path("p");
    for path in [
        "share/bash-completion/completions/esker",
        "share/zsh/site-functions/_esker",
        "share/fish/vendor_completions.d/esker.fish",
        "share/esker/esker.ps1",
        "share/man/man1/esker.1",
        "share/man/man1/esker-add.1",
    ] {
        assert!(prefix.join(path).is_file(), "{path}");
    }
    let version = run(&env, &prefix.join("bin/esker"), &["--version"]);
    assert_eq!(version.stdout, format!("esker {}\n", env!("CARGO_PKG_VERSION")));
    let removed = install(&env, &["--prefix", "p", "--uninstall"]);
    assert_eq!(removed.code, 0, "{removed:?}");
    assert!(!prefix.exists(), "something is left");
    let again = install(&env, &["--prefix", "p", "--uninstall"]);
    assert_fails(&again, 1, "esker is not installed in", "--prefix DIR");
}

#[test]
fn completions_are_those_that_were_asked_for() {
    let env = Env::new();
    let script = |args: &[&str]| {
        installed(&install(&env, &[&["--prefix", "p", "--binary", &program(&env)], args].concat()));
        let path = env.path("p/share/bash-completion/completions/esker");
        std::fs::read_to_string(path).expect("a script")
    };
    assert!(script(&[]).contains("complete -- "), "it asks the program");
    let fixed = script(&["--static-completions"]);
    assert!(fixed.contains("esker__subcmd__status") && !fixed.contains("complete -- "), "{fixed}");
}

#[test]
fn what_others_put_there_stays() {
    let env = Env::new();
    env.write("p/bin/mine", "x");
    env.write("p/share/man/man1/mine.1", "x");
    installed(&install(&env, &["--prefix", "p", "--binary", &program(&env)]));
    assert_eq!(install(&env, &["--prefix", "p", "--uninstall"]).code, 0);
    let left: Vec<_> = walkdir::WalkDir::new(env.path("p"))
        .into_iter()
        .map(|entry| entry.expect("an entry"))
        .filter(|entry| entry.file_type().is_file())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    assert_eq!(left.len(), 2, "{left:?}");
    assert!(!env.path("p/share/esker").exists() && !env.path("p/share/zsh").exists());
}

#[test]
fn archives_are_the_same_each_time_and_checked_before_use() {
    let env = Env::new();
    let release = project(".ci/release");
    let make = |folder: &str| run(&env, &release, &["--binary", &program(&env), folder]);
    let made = make("one");
    if made.code != 0 {
        return skip(&format!("no archive can be made here: {}", made.stderr));
    }
    let archive = made.stdout.trim_end().to_owned();
    let again = make("two").stdout.trim_end().to_owned();
    let read = |path: &str| std::fs::read(env.path(path)).expect("an archive");
    assert!(read(&archive) == read(&again), "two archives of the same files differ");
    installed(&install(&env, &["--prefix", "p", "--from", &archive]));
    assert!(env.path("p/bin/esker").is_file());
    installed(&install(&env, &["--prefix", "p", "--from", &archive, "--static-completions"]));
    let mut bytes = read(&archive);
    bytes[100] ^= 1;
    env.write(&archive, bytes);
    let refused = install(&env, &["--prefix", "q", "--from", &archive]);
    assert_fails(&refused, 1, "is not what was released", "fetch it again");
    assert!(!env.path("q").exists());
    assert_eq!(install(&env, &["--nonsense"]).code, 2);
}
