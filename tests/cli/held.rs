//! Commits that no ref reaches: they can be named again while all of them is there, and only then.

use crate::env::Env;

/// A repository whose last commit, alone in having a large file, was undone; gives that commit.
fn undone(large: usize) -> (Env, String) {
    let env = Env::new();
    env.ok(&["init"]);
    for n in 0..30 {
        env.write("n", n.to_string());
        env.ok(&["add", "."]);
        env.ok(&["commit", "-m", "one more"]);
    }
    let mut bytes = vec![0; large];
    blake3::Hasher::new().finalize_xof().fill(&mut bytes);
    env.write("large", bytes);
    env.ok(&["add", "."]);
    let made = env.json(&["commit", "-m", "large", "--json"]);
    let id = made["commit"].as_str().expect("an id").to_owned();
    env.ok(&["repack", "--grace", "0"]);
    env.ok(&["reset", "--hard", "HEAD~1"]);
    (env, id)
}

#[test]
fn a_commit_that_nothing_reaches_gets_a_name_again() {
    let (env, id) = undone(3_000_000);
    env.ok(&["branch", "back", &id]);
    env.ok(&["gc", "--grace", "0", "--reflog", "0"]);
    env.ok(&["restore", "--source", "back", "large"]);
    assert_eq!(env.path("large").metadata().expect("a file").len(), 3_000_000);
    env.ok(&["fsck", "--data"]);
}

#[test]
fn a_commit_of_which_a_collection_took_a_part_gets_none() {
    let (env, id) = undone(3_000_000);
    // What few trees take stays with the others; the file goes.
    env.ok(&["gc", "--grace", "0", "--reflog", "0"]);
    env.ok(&["log", "-n", "1", &id]);
    let verbs: [&[&str]; 6] = [
        &["branch", "back", &id],
        &["tag", "back", &id],
        &["tag", "-a", "back", "-m", "back", &id],
        &["switch", "-c", "back", &id],
        &["reset", "--soft", &id],
        &["merge", &id],
    ];
    for args in verbs {
        let ran = env.run(args);
        assert_eq!(ran.code, 5, "{args:?}: {ran:?}");
        assert!(ran.stderr.contains("nothing reached it, and a collection took"), "{ran:?}");
    }
    env.ok(&["gc", "--grace", "0", "--reflog", "0"]);
    env.ok(&["fsck", "--data"]);
}
