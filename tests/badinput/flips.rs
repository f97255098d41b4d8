//! Every byte of every kind of stored file, flipped, and the file cut off there: what is read is right or
//! an error, never wrong; and what `fsck` can find by a hash it finds.
//!
//! `ESKER_FLIPS=all` takes every byte and every length, in an hour when optimised, a number so many of each
//! file; without it a few, chosen by `ESKER_FLIPS_SEED`. `ESKER_FLIPS_OF` takes only files whose path begins so,
//! as in `tables`. Prints how many were tried.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use esker::ops::cat::{self, CatOptions};
use esker::ops::fsck::{self, FsckOptions};
use esker::ops::log::{self, LogOptions};
use esker::ops::{Context, Now};
use esker::progress::{Cancel, Silent};

use crate::data::Random;
use crate::env::{Env, NOW};
use crate::repo;

/// Bytes of each file that are tried by default, and lengths that it is cut to.
const FEW: u64 = 8;

/// A repository, what is in it, and what was tried.
struct Trial {
    context: Context,
    folder: PathBuf,
    /// File contents by `COMMIT:path`.
    files: BTreeMap<String, Vec<u8>>,
    messages: BTreeMap<String, String>,
    /// The files as they are, to be put back.
    whole: BTreeMap<PathBuf, Vec<u8>>,
    flipped: u64,
    cut: u64,
    right: u64,
    errors: u64,
}

fn number(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(usual)
}

impl Trial {
    fn new(env: &Env) -> Self {
        env.ok(&["init"]);
        let (mut random, mut files, mut messages) =
            (Random::new(1), BTreeMap::new(), BTreeMap::new());
        for message in ["one", "two"] {
            // Several chunks, most of them a hole: its recipe is stored, and few bytes of data.
            let large = [vec![0; 600_000], random.text(300)].concat();
            let contents =
                [("large", large), ("small", random.text(3)), ("folder/same", b"same".to_vec())];
            contents.iter().for_each(|(name, bytes)| env.write(name, bytes));
            let (commit, _) = repo::commit_all(env, message);
            files.extend(contents.map(|(name, bytes)| (format!("{commit}:{name}"), bytes)));
            messages.insert(commit, message.to_owned());
        }
        env.ok(&["config", "core.jobs", "2"]);
        env.write("staged", "staged");
        // That alone: what was written in this very moment would be read and stored a second time, and
        // of two copies a bad one is no damage.
        env.ok(&["add", "staged"]);
        env.ok(&["status"]);
        let context = Context {
            start_dir: env.dir(),
            esker_dir: None,
            env: Vec::new(),
            flags: Vec::new(),
            now: Now { seconds: NOW, offset_minutes: 0 },
            progress: Arc::new(Silent),
            cancel: Cancel::new(),
            threads: 1,
            offline: false,
        };
        let folder = env.path(".esker");
        let whole = contents_of(&folder);
        let (flipped, cut, right, errors) = (0, 0, 0, 0);
        Self { context, folder, files, messages, whole, flipped, cut, right, errors }
    }

    /// Reads everything there is.
    fn read(&mut self, what: &str) {
        for (spec, expected) in &self.files {
            let (commit, path) = spec.split_once(':').expect("COMMIT:path");
            let (revision, path) = (Some(commit.to_owned()), Some(path.to_owned()));
            let options = CatOptions { revision, path, ..CatOptions::default() };
            let mut out = Vec::new();
            let is_read = cat::run(&self.context, &options, &mut out).is_ok();
            // What was written before an error is right, too.
            let is_right = if is_read { out == *expected } else { expected.starts_with(&out) };
            assert!(is_right, "{what}: wrong bytes of {spec}");
            *(if is_read { &mut self.right } else { &mut self.errors }) += 1;
        }
        let messages = &self.messages;
        let mut visit = |entry: log::LogEntry| {
            let found = messages.get(&entry.commit.to_string());
            assert_eq!(found, Some(&entry.message), "{what}: wrong commit {}", entry.commit);
            ControlFlow::Continue(())
        };
        match log::run(&self.context, &LogOptions::default(), &mut visit) {
            Ok(_) => self.right += 1,
            Err(_) => self.errors += 1,
        }
    }

    /// What `fsck` says nothing of harms nobody: there is a copy elsewhere, which is read from then on.
    fn check(&mut self, what: &str) {
        if !self.is_found_by_fsck() {
            let errors = self.errors;
            self.read(what);
            assert_eq!(self.errors, errors, "{what}: not found by fsck");
        }
    }

    fn is_found_by_fsck(&self) -> bool {
        let options = FsckOptions { data: true, ..FsckOptions::default() };
        !fsck::run(&self.context, &options).is_ok_and(|outcome| outcome.clean)
    }

    /// Tries one content in place of a file's own.
    fn attempt(&mut self, path: &Path, content: &[u8], what: &str) {
        fs::write(self.folder.join(path), content).expect("write");
        let tried = catch_unwind(AssertUnwindSafe(|| {
            self.read(what);
            // Databases have no hash over all of them; of the log a line counts, or does not.
            if path.starts_with("packs") || path.starts_with("tables") {
                self.check(what);
            }
        }));
        assert!(tried.is_ok(), "{what}: see above");
        self.put_back();
    }

    /// Checks leave notes in the databases: all is put back as it was.
    fn put_back(&self) {
        for (path, bytes) in contents_of(&self.folder) {
            if self.whole.get(&path) != Some(&bytes) {
                let _ = fs::remove_file(self.folder.join(&path));
            }
        }
        for (path, bytes) in &self.whole {
            if !self.folder.join(path).exists() {
                fs::write(self.folder.join(path), bytes).expect("write");
            }
        }
    }

    fn file(&mut self, path: &Path, random: &mut Random) {
        let whole = self.whole[path].clone();
        for at in chosen(whole.len(), random) {
            let mut bytes = whole.clone();
            bytes[at] ^= 1 << (at % 8);
            self.attempt(path, &bytes, &format!("{}, byte {at} flipped", path.display()));
            self.flipped += 1;
        }
        for length in chosen(whole.len(), random) {
            self.attempt(path, &whole[..length], &format!("{}, cut to {length}", path.display()));
            self.cut += 1;
        }
    }
}

/// The files below a folder that hold something that lasts.
fn contents_of(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let files = walkdir::WalkDir::new(folder).into_iter().map(|entry| entry.expect("an entry"));
    let files = files.filter(|entry| entry.file_type().is_file());
    let files = files.map(|entry| (entry.path().to_owned(), fs::read(entry.path()).expect("read")));
    let below = |(path, bytes): (PathBuf, Vec<u8>)| {
        (path.strip_prefix(folder).expect("below it").to_owned(), bytes)
    };
    files.map(below).collect()
}

fn chosen(len: usize, random: &mut Random) -> BTreeSet<usize> {
    if len == 0 || std::env::var("ESKER_FLIPS").is_ok_and(|value| value == "all") {
        return (0..len).collect();
    }
    let few = (0..number("ESKER_FLIPS", FEW)).map(|_| random.below(len as u64) as usize);
    few.chain([0, len / 2, len - 1]).collect()
}

#[test]
fn no_flip_and_no_cut_makes_a_read_wrong() {
    let env = Env::new();
    let mut trial = Trial::new(&env);
    trial.read("unharmed");
    assert_eq!((trial.errors, trial.is_found_by_fsck()), (0, false));
    trial.put_back();
    let seed = number("ESKER_FLIPS_SEED", 1);
    println!("ESKER_FLIPS_SEED={seed}");
    let mut random = Random::new(seed);
    let paths: Vec<PathBuf> = trial.whole.keys().cloned().collect();
    let kind = |path: &PathBuf| trial.whole[path].get(10).copied();
    let kinds: BTreeSet<_> = paths.iter().filter(|p| p.starts_with("packs")).map(kind).collect();
    assert_eq!(kinds.len(), 3, "packs of three kinds");
    for name in ["state.db", "refs.log", "cache.db", "config.toml"] {
        assert!(trial.whole.contains_key(Path::new(name)), "no {name}");
    }
    let of = std::env::var("ESKER_FLIPS_OF").unwrap_or_default();
    let is_tried = |name: &str| name.starts_with(&of) && !name.ends_with("-shm");
    for path in paths.iter().filter(|path| is_tried(&path.to_string_lossy())) {
        trial.file(path, &mut random);
    }
    println!(
        "{} files, {} bytes flipped, {} cuts; {} reads right, {} errors, wrong data returned: 0",
        paths.len(),
        trial.flipped,
        trial.cut,
        trial.right,
        trial.errors
    );
    let is_both = trial.errors > 50 && trial.right > 50;
    assert!(is_both || !of.is_empty(), "{} {}", trial.errors, trial.right);
}
