use super::*;
use crate::path::RepoPath;
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use tempfile::TempDir;

struct Tree(TempDir);

impl Tree {
    fn new(files: &[&str]) -> Tree {
        let tree = Tree(tempfile::tempdir().expect("temporary folder"));
        for file in files {
            tree.write(file, "content");
        }
        tree
    }

    fn at(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    /// Writes a file, or makes a folder when the path ends in a slash.
    fn write(&self, path: &str, text: &str) {
        if path.ends_with('/') {
            return fs::create_dir_all(self.at(path)).expect("folder");
        }
        fs::create_dir_all(self.at(path).parent().expect("has a parent")).expect("folders");
        fs::write(self.at(path), text).expect("write");
    }

    fn scan(&self, paths: &[&str]) -> Scan {
        self.scan_with(2, true, paths)
    }

    fn scan_with(&self, threads: usize, honour_ignore: bool, paths: &[&str]) -> Scan {
        let paths = paths.iter().map(|path| RepoPath::parse(path).expect("valid path")).collect();
        let options = ScanOptions { threads, honour_ignore, paths, cancel: None, sealed: None };
        scan(self.0.path(), &options).expect("scan")
    }
}

/// One line a folder: its path, `~` when incomplete, and its entries.
fn lines(scan: &Scan) -> Vec<String> {
    scan.dirs
        .iter()
        .map(|dir| {
            let mark = if dir.is_complete { "" } else { "~" };
            let names: Vec<_> = dir
                .entries
                .iter()
                .map(|entry| match entry.kind {
                    ScannedKind::File { executable: false } => entry.name.to_string(),
                    ScannedKind::File { executable: true } => format!("{}*", entry.name),
                    ScannedKind::Symlink => format!("{}@", entry.name),
                    ScannedKind::Directory => format!("{}/", entry.name),
                })
                .collect();
            format!("[{}]{mark} {}", dir.path, names.join(" "))
        })
        .collect()
}

fn problems(scan: &Scan) -> Vec<String> {
    scan.problems.iter().map(Problem::to_string).collect()
}

#[test]
fn folders_come_in_path_order_and_names_in_byte_order() {
    let tree = Tree::new(&["a/x", "a.b/y", "a-b", "B", "é", "a/b/c/d", "empty/"]);
    let scan = tree.scan(&[]);
    assert_eq!(
        lines(&scan),
        ["[] B a/ a-b a.b/ empty/ é", "[a] b/ x", "[a/b] c/", "[a/b/c] d", "[a.b] y", "[empty] "]
    );
    assert_eq!(problems(&scan), Vec::<String>::new());
    let file = &scan.dirs[1].entries[1];
    let metadata = fs::symlink_metadata(tree.at("a/x")).expect("stat");
    assert_eq!(file.stat, Stat::of(&metadata));
    assert_eq!(file.stat.size, 7);
    assert!(scan.started_at_ns > 0);
}

#[test]
fn any_number_of_threads_finds_the_same() {
    let tree = Tree::new(&["top/.eskerignore"]);
    tree.write("top/.eskerignore", "*7\n");
    for folder in 0..20 {
        for file in 0..30 {
            tree.write(&format!("top/d{folder}/e{}/f{file}", file % 3), "");
        }
    }
    // More than one slice in one folder, some of it folders.
    for file in 0..3000 {
        tree.write(&format!("top/large/g{file:04}"), "");
    }
    for folder in 0..50 {
        tree.write(&format!("top/large/h{folder}/x"), "");
    }
    let one = tree.scan_with(1, true, &[]);
    assert_eq!(one.ignored, ignored_by_hand());
    for threads in [2, 3, 8] {
        let other = tree.scan_with(threads, true, &[]);
        assert_eq!(one.dirs, other.dirs);
        assert_eq!(one.ignored, other.ignored);
    }
    let all = tree.scan_with(2, false, &[]);
    assert_eq!(all.ignored, 0);
    let large = all.dirs.iter().find(|dir| dir.path.as_str() == "top/large").expect("listed");
    assert_eq!(large.entries.len(), 3050);
    assert!(large.entries.is_sorted_by(|a, b| a.name < b.name));
}

/// Names ending in 7: d7 and d17; f7, f17 and f27 in the 18 others; 300 files and 5 folders of
/// the large folder.
fn ignored_by_hand() -> u64 {
    2 + 3 * 18 + 300 + 5
}

#[test]
fn ignored_trees_are_not_entered_and_rules_nest() {
    let tree = Tree::new(&["out/deep/f", "a/keep.log", "a/x.log", "b/x.log", "b/sub/only", "c"]);
    tree.write(".eskerignore", "out/\n*.log\n{bad\n");
    tree.write("a/.eskerignore", "!keep.log\n");
    tree.write("b/.eskerignore", "/sub/\n");
    tree.write("out/.eskerignore", "!deep\n");
    let scan = tree.scan(&[]);
    assert_eq!(
        lines(&scan),
        ["[] .eskerignore a/ b/ c", "[a] .eskerignore keep.log", "[b] .eskerignore"]
    );
    assert_eq!(scan.ignored, 4);
    let found = problems(&scan);
    assert_eq!(found.len(), 1);
    assert!(found[0].starts_with(".eskerignore:3: is not a rule: "), "{found:?}");
}

#[test]
fn repositories_are_skipped_at_the_root_and_told_below_it() {
    let tree = Tree::new(&[".git/config", ".esker/state.db", "f"]);
    for path in ["sub/.git/config", "sub/data", "lib/.esker/x", "link/.git", "ok/.gitignore"] {
        tree.write(path, "");
    }
    let scan = tree.scan(&[]);
    assert_eq!(
        lines(&scan),
        ["[] f lib/ link/ ok/ sub/", "[lib] ", "[link] ", "[ok] .gitignore", "[sub] data"]
    );
    assert_eq!(
        problems(&scan),
        [
            "lib/.esker: belongs to a nested repository",
            "link/.git: belongs to a nested repository",
            "sub/.git: belongs to a nested repository",
        ]
    );
}

#[test]
fn chosen_paths_limit_the_walk() {
    let tree = Tree::new(&["a/b/c", "a/b/d", "a/e", "f", "g/h", "i/.eskerignore", "i/j/k"]);
    tree.write("i/.eskerignore", "k\n");
    let scan =
        tree.scan(&["a/b", "a/b/c", "f", "gone/away", "a/none", "a/b/z", "i/j", "i/j/k", "f/x"]);
    assert_eq!(lines(&scan), ["[]~ f", "[a]~ b/", "[a/b] c d", "[i]~ j/", "[i/j] "]);
    let missing: Vec<_> = scan.missing.iter().map(RepoPath::as_str).collect();
    assert_eq!(missing, ["a/b/z", "a/none", "f/x", "gone/away"]);
    assert_eq!(scan.ignored, 1);
    assert_eq!(problems(&scan), ["i/j/k: is ignored by i/.eskerignore:1:k"]);
    let all = tree.scan(&[]);
    assert_eq!(tree.scan(&["", "a", "a/b/c"]).dirs, all.dirs);
}

#[test]
fn chosen_paths_that_are_ignored_name_the_rule() {
    let tree = Tree::new(&["out/f", "x.log"]);
    tree.write(".eskerignore", "out\n*.log\n");
    let scan = tree.scan(&["out/f", "x.log"]);
    assert_eq!(lines(&scan), Vec::<String>::new());
    assert_eq!(
        problems(&scan),
        ["out/f: is ignored by .eskerignore:1:out", "x.log: is ignored by .eskerignore:2:*.log"]
    );
    assert_eq!(scan.ignored, 2);
    assert_eq!(lines(&tree.scan_with(2, false, &["x.log"])), ["[]~ x.log"]);
}

#[test]
fn an_unusable_root_is_an_error() {
    let tree = Tree::new(&["f"]);
    let options = ScanOptions::default();
    assert!(matches!(scan(&tree.at("none"), &options), Err(ScanError::Root { .. })));
    assert!(matches!(scan(&tree.at("f"), &options), Err(ScanError::Root { .. })));
}

#[test]
fn the_flag_cancels() {
    let tree = Tree::new(&["a/b"]);
    let cancel = AtomicBool::new(false);
    let options = ScanOptions { cancel: Some(&cancel), ..ScanOptions::default() };
    assert!(scan(tree.0.path(), &options).is_ok());
    cancel.store(true, Ordering::Relaxed);
    assert!(matches!(scan(tree.0.path(), &options), Err(ScanError::Cancelled)));
}

#[cfg(unix)]
mod unix {
    use super::*;
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::os::unix::net::UnixListener;
    use std::process::Command;

    #[test]
    fn links_are_taken_and_not_followed_and_executables_told() {
        let tree = Tree::new(&["real/f", "run"]);
        fs::set_permissions(tree.at("run"), fs::Permissions::from_mode(0o755)).expect("chmod");
        symlink("real", tree.at("to-folder")).expect("symlink");
        symlink("nowhere", tree.at("dangling")).expect("symlink");
        let scan = tree.scan(&[]);
        assert_eq!(lines(&scan), ["[] dangling@ real/ run* to-folder@", "[real] f"]);
        let scan = tree.scan(&["to-folder", "to-folder/f"]);
        assert_eq!(lines(&scan), ["[]~ to-folder@"]);
        let scan = tree.scan(&["to-folder/f"]);
        assert_eq!(problems(&scan), ["to-folder/f: lies behind a symlink"]);
    }

    #[test]
    fn weird_names_are_taken_or_told_escaped() {
        let tree = Tree::new(&["a b", " ", "new\nline", "-rf", "back\\slash", "con", "d/"]);
        fs::write(tree.at("d").join(OsStr::from_bytes(b"bad\xff\xfe.txt")), "").expect("write");
        tree.write("d/.GIT", "");
        let scan = tree.scan(&[]);
        let names: Vec<_> = scan.dirs[0].entries.iter().map(|entry| &*entry.name).collect();
        assert_eq!(names, [" ", "-rf", "a b", "back\\slash", "con", "d", "new\nline"]);
        assert_eq!(scan.dirs[1].entries, []);
        assert!(scan.problems[0].path == "d/.GIT", "{:?}", scan.problems);
        assert!(matches!(scan.problems[0].reason, Reason::NameNotAllowed(_)));
        assert_eq!(scan.problems[1].path, "d/bad\\xff\\xfe.txt");
        assert_eq!(scan.problems[1].reason, Reason::NotUtf8);
    }

    #[test]
    fn sockets_and_pipes_are_told_and_withheld() {
        let tree = Tree::new(&["f"]);
        let _socket = UnixListener::bind(tree.at("socket")).expect("socket");
        let made = Command::new("mkfifo").arg(tree.at("pipe")).status();
        assert!(made.expect("mkfifo runs").success());
        let scan = tree.scan(&[]);
        assert_eq!(lines(&scan), ["[] f"]);
        assert_eq!(problems(&scan), ["pipe: is a named pipe", "socket: is a socket"]);
        assert_eq!(scan.dirs[0].withheld, ["pipe".into(), "socket".into()]);
        let scan = tree.scan(&["pipe"]);
        assert_eq!(scan.dirs[0].withheld, ["pipe".into()]);
        tree.write(".eskerignore", "pipe\nsocket\n");
        assert_eq!(problems(&tree.scan(&[])), Vec::<String>::new());
    }

    #[test]
    fn an_unreadable_folder_is_told_and_not_listed() {
        let tree = Tree::new(&["locked/f", "open/f"]);
        let mode = |mode| {
            fs::set_permissions(tree.at("locked"), fs::Permissions::from_mode(mode)).expect("chmod")
        };
        mode(0);
        let is_root = fs::read_dir(tree.at("locked")).is_ok();
        let scan = tree.scan(&[]);
        mode(0o755);
        if is_root {
            eprintln!("SKIPPED: this user reads folders of mode 000, nothing is unreadable");
            return;
        }
        assert_eq!(lines(&scan), ["[] locked/ open/", "[open] f"]);
        assert_eq!(scan.problems.len(), 1);
        assert!(matches!(scan.problems[0].reason, Reason::Unreadable(_)));
    }

    #[test]
    fn a_file_of_rules_that_is_a_link_is_told_and_not_used() {
        let tree = Tree::new(&["f", "rules"]);
        tree.write("rules", "f\n");
        symlink("rules", tree.at(".eskerignore")).expect("symlink");
        let scan = tree.scan(&[]);
        assert_eq!(lines(&scan), ["[] .eskerignore@ f rules"]);
        assert!(matches!(scan.problems[0].reason, Reason::BadIgnoreFile(_)));
    }
}
