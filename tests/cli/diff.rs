//! `diff`: what is compared, each form of output, exit codes.

use std::fs;

use serde_json::{Value, json};

use crate::env::Env;

/// A repository with one commit: two texts, data that is no text, and a folder.
fn committed() -> Env {
    let env = Env::new();
    env.ok(&["init"]);
    env.write("labels.csv", "id,label\n1,cat\n2,dog\n3,cow\n");
    env.write("images/cat.png", [0, 159, 146, 150]);
    env.write("raw/a.bin", [0; 2000]);
    env.write("raw/b.bin", [1, 0, 1]);
    env.ok(&["add", "."]);
    env.ok(&["commit", "-m", "first"]);
    env
}

/// A second commit: a text and data changed, a file added, one removed, a folder renamed.
fn changed() -> Env {
    let env = committed();
    env.write("labels.csv", "id,label\n1,cat\n2,wolf\n3,cow\n");
    env.write("images/dog.png", [0, 1]);
    fs::remove_file(env.path("images/cat.png")).expect("remove");
    fs::rename(env.path("raw"), env.path("source")).expect("rename");
    env.ok(&["add", "-A"]);
    env.ok(&["commit", "-m", "second"]);
    env
}

fn clean(env: &Env) {
    assert_eq!(env.run(&["fsck"]).code, 0);
}

#[test]
fn texts_are_compared_line_by_line_in_git_s_form() {
    let env = committed();
    assert_eq!(env.ok(&["diff"]), "");
    env.write("labels.csv", "id,label\n1,cat\n2,wolf\n3,cow\n");
    let text = env.ok(&["diff"]);
    let (head, lines) = text.split_once("--- ").expect("a header");
    assert!(head.starts_with("diff --git a/labels.csv b/labels.csv\nindex "), "{head}");
    let expected = "a/labels.csv\n+++ b/labels.csv\n@@ -1,4 +1,4 @@\n \
                    id,label\n 1,cat\n-2,dog\n+2,wolf\n 3,cow\n";
    assert_eq!(lines, expected);
    assert!(env.ok(&["diff", "-U0"]).contains("@@ -3 +3 @@\n-2,dog\n+2,wolf\n"));
    env.write("labels.csv", "id,label\n1,cat\n2,dog\n3,cow");
    assert!(env.ok(&["diff"]).ends_with("-3,cow\n+3,cow\n\\ No newline at end of file\n"));
    clean(&env);
}

#[cfg(unix)]
#[test]
fn patches_are_understood_by_patch() {
    let env = changed();
    env.write("with space.txt", "1\n2\n");
    env.write("labels.csv", "id,label\n0,new\n1,cat\n");
    env.ok(&["add", "-A"]);
    env.ok(&["commit", "-m", "third"]);
    let patch = env.ok(&["diff", "HEAD~1", "HEAD"]);
    env.ok(&["checkout", "HEAD~1"]);
    let Ok(mut child) = std::process::Command::new("git")
        .args(["apply", "-"])
        .current_dir(env.dir())
        .stdin(std::process::Stdio::piped())
        .spawn()
    else {
        return;
    };
    let mut stdin = child.stdin.take().expect("a pipe");
    std::io::Write::write_all(&mut stdin, patch.as_bytes()).expect("git reads");
    drop(stdin);
    assert!(child.wait().expect("git ends").success(), "{patch}");
    env.ok(&["add", "-A"]);
    assert_eq!(env.run(&["diff", "-q", "--staged", "main"]).code, 0);
    clean(&env);
}

#[test]
fn stage_worktree_and_revisions_are_the_sides() {
    let env = committed();
    let names = |args: &[&str]| env.ok(&[&["diff", "--name-status"], args].concat());
    env.write("labels.csv", "staged\n");
    env.ok(&["add", "."]);
    env.write("raw/b.bin", [2, 0, 2, 2]);
    fs::remove_dir_all(env.path("images")).expect("remove");
    env.write("untracked", "x");
    assert_eq!(names(&[]), "D\timages/cat.png\nM\traw/b.bin\n");
    assert_eq!(names(&["--staged"]), "M\tlabels.csv\n");
    assert_eq!(names(&["--cached", "HEAD"]), "M\tlabels.csv\n");
    assert_eq!(names(&["HEAD"]), "D\timages/cat.png\nM\tlabels.csv\nM\traw/b.bin\n");
    assert_eq!(names(&["HEAD", "--", "raw"]), "M\traw/b.bin\n");
    assert_eq!(names(&["raw", "labels.csv"]), "M\traw/b.bin\n");
    assert_eq!(names(&["HEAD", "images"]), "D\timages/cat.png\n");
    // Back on disk as HEAD has it: it differs from the stage only.
    env.write("labels.csv", "id,label\n1,cat\n2,dog\n3,cow\n");
    assert_eq!(names(&["HEAD", "labels.csv"]), "");
    assert_eq!(names(&["labels.csv"]), "M\tlabels.csv\n");
    clean(&env);
}

#[test]
fn two_versions_are_told_with_renames() {
    let env = changed();
    let expected = "D\timages/cat.png\nA\timages/dog.png\nM\tlabels.csv\nR100\traw/\tsource/\n";
    for args in [&["HEAD~1", "HEAD"][..], &["HEAD~1..HEAD"], &["HEAD~..main"]] {
        assert_eq!(env.ok(&[&["diff", "--name-status"], args].concat()), expected);
    }
    let apart = env.ok(&["diff", "--no-renames", "--name-only", "HEAD~1", "HEAD", "--", "raw"]);
    assert_eq!(apart, "raw/a.bin\nraw/b.bin\n");
    let stat = env.ok(&["diff", "--stat", "HEAD~1", "HEAD"]);
    let expected = " D images/cat.png          4 B ->          -         -4 B\n \
                    A images/dog.png            - ->        2 B         +2 B\n \
                    M labels.csv             27 B ->       28 B         +1 B\n \
                    R raw/ => source/     2.0 KiB  2 files\n \
                    5 files changed, 1 added (+2 B), 1 modified (+1 B of 28 B), 1 deleted (-4 B), 2 renamed; \
                    30 B new after deduplication\n";
    assert_eq!(stat, expected);
    let patch = env.ok(&["diff", "HEAD~1", "HEAD"]);
    assert!(
        patch.contains("Binary files a/images/cat.png and /dev/null differ (4 B)\n"),
        "{patch}"
    );
    assert!(patch.contains("similarity index 100%\nrename from raw/\nrename to source/\n"));
    clean(&env);
}

#[test]
fn three_dots_compare_with_where_a_branch_left() {
    let env = changed();
    env.ok(&["checkout", "HEAD~1"]);
    env.write("side.csv", "1\n");
    env.ok(&["add", "."]);
    env.ok(&["commit", "-m", "aside"]);
    assert_eq!(env.ok(&["diff", "--name-status", "main...HEAD"]), "A\tside.csv\n");
    assert_eq!(env.ok(&["diff", "--name-status", "main..."]), "A\tside.csv\n");
    assert!(env.ok(&["diff", "--name-status", "main..HEAD"]).contains("R100\tsource/\traw/\n"));
    clean(&env);
}

#[test]
fn sums_say_what_is_new_after_deduplication() {
    let env = Env::new();
    env.ok(&["init"]);
    let noise = |seed: u8, len: usize| {
        let mut bytes = vec![0; len];
        blake3::Hasher::new().update(&[seed]).finalize_xof().fill(&mut bytes);
        bytes
    };
    let start = noise(1, 3_000_000);
    env.write("a.bin", &start);
    env.write("small.csv", "1\n2\n");
    env.ok(&["add", "."]);
    env.ok(&["commit", "-m", "first"]);
    env.write("a.bin", [&start[..], &noise(2, 500_000)].concat());
    env.write("b.bin", &start[..1_000_000]);
    env.write("copy.csv", "1\n2\n");
    env.ok(&["add", "."]);
    env.ok(&["commit", "-m", "second"]);
    let totals = |args: &[&str]| env.json(&[&["diff", "--json"], args].concat())["totals"].clone();
    let new = totals(&["HEAD~1", "HEAD"])["new_bytes"].as_u64().expect("told");
    // What was appended, the last chunk before it, and the last one of the part that was copied.
    assert!((500_000..900_000).contains(&new), "{new}");
    let without_copy = totals(&["HEAD~1", "HEAD", "--", "a.bin"])["new_bytes"].as_u64();
    assert!(without_copy.is_some_and(|bytes| (500_000..new).contains(&bytes)), "{without_copy:?}");
    // An equal file is not among the differences.
    assert_eq!(totals(&["HEAD~1", "HEAD", "--", "copy.csv"])["new_bytes"], 4);
    let back = totals(&["HEAD", "HEAD~1"])["new_bytes"].as_u64().expect("told");
    assert!(back < 300_000, "only the last chunk of what is shorter: {back}");
    env.write("small.csv", "3\n");
    assert!(totals(&[]).get("new_bytes").is_none(), "not stored yet");
    env.ok(&["add", "."]);
    assert_eq!(totals(&["--staged"])["new_bytes"], 2);
    clean(&env);
}

#[test]
fn a_table_for_pull_requests() {
    let env = changed();
    let table = env.ok(&["diff", "--md", "HEAD~1", "HEAD"]);
    let lines: Vec<&str> = table.lines().collect();
    assert!(lines[0].starts_with("**5 files changed, 1 added (+2 B)"), "{table}");
    assert_eq!(lines[2], "| change | path | before | after | difference |");
    assert_eq!(lines[4], "| deleted | `images/cat.png` | 4 B |  | -4 B |");
    assert_eq!(lines[7], "| renamed | `raw/` → `source/` | 2.0 KiB | 2.0 KiB |  |");
    assert!(env.ok(&["diff", "--md", "HEAD"]).starts_with("**No changes**, "));
}

#[test]
fn documents_have_the_fields_scripts_rely_on() {
    let env = changed();
    let document = env.json(&["diff", "--json", "HEAD~1", "HEAD"]);
    assert_eq!((&document["schema"], &document["differs"]), (&json!(1), &json!(true)));
    assert_eq!(document["old"]["kind"], "commit");
    assert_eq!(document["totals"]["renamed"], 2);
    let changes = document["changes"].as_array().expect("a list");
    let paths: Vec<_> = changes.iter().map(|c| c["path"].as_str().expect("text")).collect();
    assert_eq!(paths, ["images/cat.png", "images/dog.png", "labels.csv", "source/"]);
    assert_eq!(changes[3]["from"], "raw/");
    assert_eq!(changes[1]["old"], Value::Null);
    assert_eq!(changes[2]["new"]["size"], 28);
    assert_eq!(changes[2].get("patch"), None);
    let document = env.json(&["diff", "--json", "-p", "HEAD~1", "HEAD", "--", "labels.csv"]);
    let hunk = &document["changes"][0]["patch"]["hunks"][0];
    assert_eq!((&hunk["old_start"], &hunk["old_lines"]), (&json!(1), &json!(4)));
    assert_eq!(hunk["lines"][2], "-2,dog\n");
    let now = env.json(&["diff", "--json"]);
    assert_eq!((&now["new"]["kind"], &now["differs"]), (&json!("worktree"), &json!(false)));
}

#[test]
fn exit_codes_say_whether_anything_differs() {
    let env = changed();
    env.run(&["diff", "-q"]).fails(0, "");
    env.run(&["diff", "-q", "HEAD~1"]).fails(1, "");
    env.run(&["diff", "-q", "HEAD~1", "HEAD"]).fails(1, "");
    assert_eq!(env.run(&["diff", "--exit-code", "HEAD~1"]).code, 1);
    assert_eq!(env.run(&["diff", "HEAD~1"]).code, 0);
    assert_eq!(env.run(&["diff", "-q", "nowhere"]).code, 9);
    let unknown =
        "error: unknown revision 'nowhere'\nhint: see what there is: esker log --oneline\n";
    env.run(&["diff", "nowhere"]).fails(1, unknown);
    let three = "error: only two revisions can be compared\n\
                 hint: see how it is used: esker help diff\n";
    env.run(&["diff", "HEAD", "HEAD", "HEAD"]).fails(2, three);
    assert_eq!(env.run(&["diff", "--stat", "--md"]).code, 2);
}

#[test]
fn before_the_first_commit_all_that_is_staged_is_new() {
    let env = Env::new();
    env.ok(&["init"]);
    assert_eq!(env.ok(&["diff"]), "");
    env.write("a.csv", "1\n");
    assert_eq!(env.ok(&["diff"]), "", "what was never added is not tracked");
    env.ok(&["add", "."]);
    assert_eq!(env.ok(&["diff", "--staged", "--name-status"]), "A\ta.csv\n");
    let patch = env.ok(&["diff", "--staged"]);
    assert!(patch.contains("new file mode 100644\n"), "{patch}");
    assert!(patch.ends_with("--- /dev/null\n+++ b/a.csv\n@@ -0,0 +1 @@\n+1\n"), "{patch}");
}

#[test]
fn large_texts_are_not_compared_line_by_line() {
    let env = committed();
    env.write("labels.csv", "x\n".repeat(600_000));
    assert!(env.ok(&["diff"]).ends_with("b/labels.csv differ (27 B -> 1.1 MiB)\n"));
}

#[cfg(unix)]
#[test]
fn modes_links_and_odd_names() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let env = committed();
    let run = fs::Permissions::from_mode(0o755);
    fs::set_permissions(env.path("labels.csv"), run).expect("chmod");
    symlink("labels.csv", env.path("link")).expect("symlink");
    env.write("odd \"name\"\n.txt", "x\n");
    env.ok(&["add", "-A"]);
    env.ok(&["commit", "-m", "odd"]);
    let patch = env.ok(&["diff", "HEAD~1", "HEAD"]);
    assert!(patch.starts_with(
        "diff --git a/labels.csv b/labels.csv\nold mode 100644\nnew mode 100755\ndiff --git"
    ));
    assert!(patch.contains("new file mode 120000\n--- /dev/null\n+++ b/link\n"), "{patch}");
    assert!(patch.contains("+++ \"b/odd \\\"name\\\"\\n.txt\"\n"), "{patch}");
    let table = env.ok(&["diff", "--md", "HEAD~1", "HEAD"]);
    assert!(table.contains("| added | `odd \"name\"\\n.txt` |"), "{table}");
    fs::remove_file(env.path("link")).expect("remove");
    env.write("link/inside", "x");
    assert_eq!(env.ok(&["diff", "--name-status"]), "D\tlink\n");
}
