//! Folders of data: copied, overlaid, compared, weighed.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::files;

/// Files of a folder by path within it, each with the BLAKE3 of its bytes.
#[derive(PartialEq, Eq)]
pub struct Content(BTreeMap<PathBuf, blake3::Hash>);

impl Content {
    /// Reads every file below `folder`.
    pub fn read(folder: &Path) -> Result<Self, Box<dyn Error>> {
        let mut all = BTreeMap::new();
        for path in files::list(folder)? {
            let hash = blake3::hash(&fs::read(&path)?);
            all.insert(path.strip_prefix(folder)?.to_owned(), hash);
        }
        Ok(Self(all))
    }

    /// Fails unless `folder` holds the same files with the same bytes.
    pub fn check(&self, folder: &Path) -> Result<(), Box<dyn Error>> {
        if Self::read(folder)? == *self {
            return Ok(());
        }
        Err(format!("{} differs from the source", folder.display()).into())
    }
}

/// Copies the files of `from` into `to`, over what is there.
pub fn copy(from: &Path, to: &Path) -> Result<(), Box<dyn Error>> {
    for path in files::list(from)? {
        let target = to.join(path.strip_prefix(from)?);
        fs::create_dir_all(target.parent().ok_or("a file has a parent")?)?;
        fs::copy(&path, target)?;
    }
    Ok(())
}

/// Removes a folder if it is there.
pub fn remove(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Bytes a folder takes up on its file system, as `du` counts them.
pub fn disk_usage(folder: &Path) -> io::Result<u64> {
    let mut bytes = 0;
    for entry in walkdir::WalkDir::new(folder) {
        bytes += allocated(&entry?.metadata()?);
    }
    Ok(bytes)
}

#[cfg(unix)]
fn allocated(metadata: &fs::Metadata) -> u64 {
    use std::os::unix::fs::MetadataExt;
    metadata.blocks() * 512
}

#[cfg(not(unix))]
fn allocated(metadata: &fs::Metadata) -> u64 {
    metadata.len()
}
