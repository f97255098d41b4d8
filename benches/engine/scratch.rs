//! The folder that a run works in; removed when the run ends.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// A folder of its own for this process.
pub struct Scratch(PathBuf);

impl Scratch {
    /// Makes the folder below `parent`.
    pub fn new(parent: &Path) -> io::Result<Self> {
        let folder = parent.canonicalize()?.join(format!("esker-engine-{}", std::process::id()));
        fs::create_dir_all(&folder)?;
        Ok(Self(folder))
    }

    /// An empty folder called `name`; what was there before is removed.
    pub fn folder(&self, name: &str) -> io::Result<PathBuf> {
        let folder = self.0.join(name);
        remove(&folder)?;
        fs::create_dir(&folder)?;
        Ok(folder)
    }
}

/// Removes a folder that may not be there.
pub fn remove(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
        _ => Ok(()),
    }
}

/// Files below `folder`, and their bytes.
pub fn size_of(folder: &Path) -> io::Result<(u64, u64)> {
    let (mut files, mut bytes) = (0, 0);
    for entry in walkdir::WalkDir::new(folder) {
        let found = entry?.metadata()?;
        if found.is_file() {
            (files, bytes) = (files + 1, bytes + found.len());
        }
    }
    Ok((files, bytes))
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = remove(&self.0);
    }
}
