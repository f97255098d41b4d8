//! Files of a corpus, in the order of their paths.

use std::io;
use std::path::{Path, PathBuf};

/// Lists the regular files below `folder`, sorted, so that every run sees one order.
pub fn list(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in walkdir::WalkDir::new(folder).sort_by_file_name() {
        let entry = entry?;
        if entry.file_type().is_file() {
            files.push(entry.into_path());
        }
    }
    Ok(files)
}
