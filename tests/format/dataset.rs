//! A small dataset with one of everything that the format tells apart.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// What lies in the folder, by path.
pub struct Dataset {
    files: BTreeMap<Vec<String>, Vec<u8>>,
}

impl Dataset {
    /// Writes the first version into `root`.
    pub fn write_first(root: &Path) -> Self {
        let mut dataset = Self { files: BTreeMap::new() };
        dataset.put(root, "empty", Vec::new());
        dataset.put(root, "hello.txt", b"hello\n".to_vec());
        dataset.put(root, "größe/a b", "ü".as_bytes().to_vec());
        // Before and after `größe/a b` when paths compare as texts, not as trees do.
        dataset.put(root, "größe.txt", b"x".to_vec());
        dataset.put(root, "run/it.sh", b"#!/bin/sh\n".to_vec());
        dataset.put(root, "text.txt", text(700_000));
        dataset.put(root, "hole.bin", [noise(100_000), vec![0; 3 << 20], noise(50_000)].concat());
        dataset.put(root, "zeros.bin", vec![0; 1 << 20]);
        dataset.put(root, "repeat.bin", [b"ab".repeat(3 << 20), noise(70_000)].concat());
        dataset.put(root, "noise.bin", noise(1_200_000));
        // More than one leaf, more than 256 entries.
        for n in 0..1500 {
            dataset.put(root, &format!("many/f{n:05}"), format!("{n}").into_bytes());
        }
        fs::create_dir_all(root.join("folder/empty")).expect("create");
        special_files(root);
        dataset
    }

    /// Changes, adds and removes files.
    pub fn write_second(&mut self, root: &Path) {
        let mut changed = text(700_000);
        changed.splice(300_000..300_000, b"some more words".iter().copied());
        self.put(root, "text.txt", changed);
        self.put(root, "hello.txt", b"hello again\n".to_vec());
        self.put(root, "many/f00700", b"changed".to_vec());
        self.put(root, "new.bin", noise(300_000));
        fs::remove_file(root.join("zeros.bin")).expect("remove");
        self.files.remove(&key("zeros.bin"));
    }

    fn put(&mut self, root: &Path, path: &str, bytes: Vec<u8>) {
        let file = root.join(path);
        fs::create_dir_all(file.parent().expect("below the root")).expect("create");
        fs::write(file, &bytes).expect("write");
        self.files.insert(key(path), bytes);
    }

    /// What b3sum prints of every file, in the order of paths.
    pub fn b3sums(&self) -> String {
        super::lines_of(&self.files)
    }
}

fn key(path: &str) -> Vec<String> {
    path.split('/').map(str::to_owned).collect()
}

#[cfg(unix)]
fn special_files(root: &Path) {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let mode = fs::Permissions::from_mode(0o755);
    fs::set_permissions(root.join("run/it.sh"), mode).expect("chmod");
    symlink("../hello.txt", root.join("run/link")).expect("symlink");
}

#[cfg(not(unix))]
fn special_files(_: &Path) {}

/// Bytes that do not compress.
fn noise(len: usize) -> Vec<u8> {
    let mut out = vec![0; len];
    blake3::Hasher::new().update(&len.to_le_bytes()).finalize_xof().fill(&mut out);
    out
}

/// Lines of numbers and words: they compress, and do not repeat themselves.
fn text(len: usize) -> Vec<u8> {
    let words = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta"];
    let line = |n: usize| format!("{n};{};{}\n", words[n % 7], n * n % 10_007);
    let mut out: Vec<u8> = (0..len / 8).flat_map(|n| line(n).into_bytes()).collect();
    out.truncate(len);
    out
}
