//! Content to store that a seed determines, and folders as maps.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Files by path, relative to a folder.
pub type Files = BTreeMap<String, Vec<u8>>;

/// A sequence of numbers (splitmix64).
pub struct Random(u64);

impl Random {
    /// The sequence of a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// Bytes that do not compress.
    pub fn bytes(&mut self, len: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(len + 8);
        while bytes.len() < len {
            bytes.extend_from_slice(&self.next().to_le_bytes());
        }
        bytes.truncate(len);
        bytes
    }

    /// Lines of text that compress.
    pub fn text(&mut self, lines: usize) -> Vec<u8> {
        let line = |n| format!("{n},{},{:03}\n", self.below(1 << 20), self.below(1000));
        (0..lines).map(line).collect::<String>().into_bytes()
    }
}

/// Writes files below a folder, and the folders they need.
pub fn write_all(folder: &Path, files: &Files) {
    let mut last = None;
    for (name, bytes) in files {
        let path = folder.join(name);
        let parent = path.parent().map(Path::to_owned);
        if last != parent {
            fs::create_dir_all(parent.as_ref().expect("a file is in a folder")).expect("mkdir");
            last = parent;
        }
        fs::write(&path, bytes).expect("write");
    }
}

/// Reads all files below a folder, but not those of a repository.
pub fn read_all(folder: &Path) -> Files {
    let is_data = |e: &walkdir::DirEntry| e.file_name() != ".esker" && e.file_name() != ".git";
    let walk = walkdir::WalkDir::new(folder).into_iter().filter_entry(is_data);
    let mut files = Files::new();
    for entry in walk.map(|entry| entry.expect("the folder can be read")) {
        if entry.file_type().is_file() {
            let name = entry.path().strip_prefix(folder).expect("below the folder");
            let name = name.to_string_lossy().into_owned();
            files.insert(name, fs::read(entry.path()).expect("read"));
        }
    }
    files
}

/// Asserts that two folders are equal, without printing their bytes.
pub fn assert_same(found: &Files, expected: &Files) {
    let differs = |name: &&String| found.get(*name) != expected.get(*name);
    let different: Vec<&String> = found.keys().chain(expected.keys()).filter(differs).collect();
    assert!(different.is_empty(), "these files differ: {different:?}");
}
