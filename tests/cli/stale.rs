//! Documents made from the program: as committed, or written anew with `ESKER_REFRESH=1`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::env::Env;

/// What is to be mended before a change passes `.ci/run`: there it fails, elsewhere it is said loudly, so
/// that several people can change the command line at once.
#[track_caller]
pub fn complain(text: &str) {
    use std::io::Write;
    assert!(std::env::var_os("CI").is_none(), "{text}");
    // Not by a macro for printing: that is captured when the test succeeds.
    let _ = writeln!(std::io::stderr(), "\nSTALE, and a failure in .ci/run: {text}");
}

/// A folder of the project.
pub fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Asserts that a committed file holds `text`; writes it instead when the documents are refreshed.
pub fn assert_current(path: &str, text: &str) {
    let path = project(path);
    let committed = fs::read_to_string(&path).unwrap_or_default();
    if committed == text {
        return;
    }
    if std::env::var_os("ESKER_REFRESH").is_some() {
        fs::create_dir_all(path.parent().expect("a file is in a folder")).expect("mkdir");
        return fs::write(&path, text).expect("write");
    }
    let line = committed.lines().zip(text.lines()).position(|(a, b)| a != b).unwrap_or_default();
    complain(&format!(
        "{} is stale (line {}): run ESKER_REFRESH=1 cargo test --test cli stale, and commit",
        path.display(),
        line + 1
    ));
}

fn files(dir: &Path) -> BTreeMap<String, String> {
    let entry = |entry: std::io::Result<fs::DirEntry>| {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        (name, fs::read_to_string(path).expect("UTF-8"))
    };
    fs::read_dir(dir).expect("the folder is there").map(entry).collect()
}

#[test]
fn stale_reference() {
    let env = Env::new();
    env.ok(&["generate", "reference", "made"]);
    let made = files(&env.path("made"));
    for (name, text) in &made {
        assert_current(&format!("docs/reference/{name}"), text);
    }
    // Pages that other tests make.
    let kept = ["errors.md", "json.md"];
    for name in files(&project("docs/reference")).keys() {
        let is_known = made.contains_key(name) || kept.contains(&name.as_str());
        if !is_known {
            complain(&format!("docs/reference/{name} is the page of no command: remove it"));
        }
    }
}

#[test]
fn every_command_has_a_man_page() {
    let env = Env::new();
    env.ok(&["generate", "man", "made"]);
    let made = files(&env.path("made"));
    assert!(made["esker.1"].contains("esker\\-add(1)"), "{}", made["esker.1"]);
    for name in files(&project("docs/reference")).keys() {
        let verb = name.trim_end_matches(".md");
        if ["README", "errors", "json"].contains(&verb) {
            continue;
        }
        let page =
            made.get(&format!("esker-{verb}.1")).unwrap_or_else(|| panic!("no page of {verb}"));
        assert!(page.contains(".SH SYNOPSIS") && page.contains("Exit codes"), "{verb}: {page}");
    }
}

#[test]
fn stale_completions() {
    let env = Env::new();
    env.ok(&["generate", "completions", "made"]);
    for (name, text) in files(&env.path("made")) {
        assert_current(&format!("completions/static/{name}"), &text);
    }
    let committed = files(&project("completions/static")).len();
    assert_eq!(committed, 4, "one for each shell");
}
