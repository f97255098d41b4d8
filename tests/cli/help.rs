//! `help` for commands and concepts, and programs on PATH as commands.

use std::fs;

use crate::env::Env;
use crate::ran::assert_fails;
use crate::stale::{complain, project};

#[test]
fn concepts_are_explained_and_listed() {
    let env = Env::new();
    let list = env.ok(&["help"]);
    for entry in fs::read_dir(project("docs/concepts")).expect("the pages") {
        let path = entry.expect("a page").path();
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        let ran = env.run(&["help", &name]);
        if ran.code != 0 {
            complain(&format!("name '{name}' in src/cli/concepts.rs"));
            continue;
        }
        let page = ran.stdout;
        let title = fs::read_to_string(&path).expect("UTF-8");
        let title = title.lines().next().expect("a heading").trim_start_matches("# ").to_owned();
        assert!(page.starts_with(&title), "{page}");
        for mark in ["](", "**", "```", "<!--", "|---"] {
            assert!(!page.contains(mark), "{name} shows Markdown: {mark}\n{page}");
        }
        assert!(list.contains(&name), "{name} is not in:\n{list}");
    }
}

#[test]
fn unknown_topics_get_a_suggestion() {
    let env = Env::new();
    let ran = env.run(&["help", "recovry"]);
    assert_fails(
        &ran,
        2,
        "no command or concept 'recovry'",
        "did you mean 'recovery'? esker help recovery",
    );
    assert_fails(&env.run(&["help", "comit"]), 2, "'comit'", "esker help commit");
    assert_fails(
        &env.run(&["help", "xyzzy"]),
        2,
        "'xyzzy'",
        "see all commands and concepts: esker help",
    );
    assert!(env.ok(&["help", "roots", "add"]).contains("esker roots add"));
}

#[cfg(unix)]
#[test]
fn programs_on_the_path_are_commands() {
    use std::os::unix::fs::PermissionsExt;
    let mut env = Env::new();
    env.write(
        "bin/esker-hello",
        "#!/bin/sh\necho \"hello $* in ${PWD##*/}\"\n\"$ESKER\" --version\nexit 7\n",
    );
    env.write("bin/esker-data", "not a program");
    let program = env.path("bin/esker-hello");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("chmod");
    let path = format!("{}:{}", env.path("bin").display(), std::env::var("PATH").expect("PATH"));
    env.set("PATH", &path);
    let ran = env.run(&["hello", "--json", "x y"]);
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!((ran.code, ran.stdout), (7, format!("hello --json x y in work\nesker {version}\n")));
    env.write("d/x", "");
    assert!(env.run(&["-C", "d", "hello"]).stdout.starts_with("hello  in d\n"));
    assert!(env.ok(&["help"]).contains("hello"), "{}", env.ok(&["help"]));
    assert!(!env.ok(&["help"]).contains("data: "), "{}", env.ok(&["help"]));
    // A command of esker's own comes first, and other commands stay what they are.
    env.write("bin/esker-status", "#!/bin/sh\necho no\n");
    fs::set_permissions(env.path("bin/esker-status"), fs::Permissions::from_mode(0o755))
        .expect("chmod");
    assert_eq!(env.run(&["status"]).code, 10);
    assert_fails(&env.run(&["roots", "hello"]), 2, "'hello'", "esker help roots");
    assert_fails(&env.run(&["data"]), 2, "unrecognized subcommand 'data'", "");
    assert_fails(&env.run(&["../hello"]), 2, "unrecognized subcommand", "");
}
