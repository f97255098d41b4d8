//! Sockets, pipes and devices: named, never opened, never waited for.

use std::os::unix::net::UnixListener;
use std::process::Command;

use crate::env::Env;
use crate::ran::{assert_fails, assert_skips, skip};
use crate::repo;

fn made(program: &str, args: &[&str]) -> bool {
    Command::new(program).args(args).status().is_ok_and(|s| s.success())
}

#[test]
fn sockets_pipes_and_devices_are_left_out_and_named() {
    let env = Env::new();
    env.ok(&["init"]);
    env.write("data/a.csv", "1,2\n");
    let at = |name: &str| env.path(name).display().to_string();
    let _listener = UnixListener::bind(env.path("data/socket")).expect("bind");
    assert!(made("mkfifo", &[&at("data/pipe")]));
    let mut skipped = vec![("data/socket", "is a socket"), ("data/pipe", "is a named pipe")];
    if made("mknod", &[&at("data/device"), "c", "1", "5"]) {
        skipped.push(("data/device", "is a device"));
    } else {
        skip("devices cannot be made here");
    }
    assert_skips(&env.run(&["add", "."]), &skipped);
    assert_skips(&env.run(&["add", "-A"]), &skipped);
    assert_skips(&env.run(&["status"]), &skipped);
    assert_eq!(env.run(&["hash", "."]).code, 3);
    env.ok(&["commit", "-m", "one"]);
    assert_eq!(env.ok(&["ls", "-R"]), "data/a.csv\n");
    assert_skips(&env.run(&["add", "data/pipe"]), &[("data/pipe", "is a named pipe")]);
    let ran = env.run(&["hash", "data/pipe"]);
    assert_fails(
        &ran,
        1,
        "'data/pipe' is a pipe, socket or device",
        "only files, links and folders",
    );
    env.write(".eskerignore", "pipe\nsocket\ndevice\n");
    env.ok(&["add", "."]);
    env.ok(&["status"]);
    repo::assert_clean(&env);
}

#[test]
fn a_pipe_in_the_place_of_a_tracked_file_is_neither_read_nor_overwritten() {
    let env = Env::new();
    env.ok(&["init"]);
    env.write("data/a.csv", "1,2\n");
    env.write("data/b.csv", "3,4\n");
    repo::commit_all(&env, "one");
    env.write("data/a.csv", "5,6\n");
    repo::commit_all(&env, "two");
    std::fs::remove_file(env.path("data/a.csv")).expect("remove");
    assert!(made("mkfifo", &[&env.path("data/a.csv").display().to_string()]));
    assert_skips(&env.run(&["add", "."]), &[("data/a.csv", "is a named pipe")]);
    let ran = env.run(&["checkout", "HEAD~1"]);
    assert_fails(&ran, 4, "data/a.csv", "save them first");
    env.ok(&["restore", "data/a.csv"]);
    let metadata = std::fs::symlink_metadata(env.path("data/a.csv")).expect("it is there");
    assert!(metadata.is_file());
    assert_eq!(std::fs::read(env.path("data/a.csv")).expect("read"), b"5,6\n");
}
