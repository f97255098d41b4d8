//! One folder of a scan: which of its names are taken, and as what.

use std::ffi::OsStr;
use std::fs::{DirEntry, FileType, Metadata};
use std::io;

use super::walk::Found;
use super::{Problem, Reason, ScannedDir, ScannedEntry, ScannedKind};
use crate::path::{RepoPath, check_name, escape};
use crate::stat::Stat;
use crate::worktree::ignore::Ignore;

/// A folder and the rules that hold in it.
pub(super) struct Folder {
    pub(super) path: RepoPath,
    pub(super) rules: Ignore,
}

/// Some or all entries of a folder.
#[derive(Default)]
pub(super) struct Part {
    pub(super) entries: Vec<ScannedEntry>,
    pub(super) folders: Vec<RepoPath>,
    pub(super) withheld: Vec<Box<str>>,
}

impl Part {
    pub(super) fn with_capacity(entries: usize) -> Part {
        Part { entries: Vec::with_capacity(entries), ..Part::default() }
    }

    pub(super) fn append(&mut self, mut other: Part) {
        self.entries.append(&mut other.entries);
        self.withheld.append(&mut other.withheld);
    }

    /// Sorts by name; the stable sort profits from slices that are sorted already.
    pub(super) fn sort(&mut self) {
        self.entries.sort_by(|a, b| a.name.cmp(&b.name));
        self.withheld.sort_unstable();
    }

    pub(super) fn into_dir(mut self, path: RepoPath) -> ScannedDir {
        self.sort();
        self.entries.shrink_to_fit();
        ScannedDir { path, entries: self.entries, withheld: self.withheld, is_complete: true }
    }
}

impl Folder {
    /// Looks at one name and puts it where it belongs. `buffer` is scratch space.
    pub(super) fn examine(
        &self,
        entry: &DirEntry,
        buffer: &mut String,
        part: &mut Part,
        found: &mut Found,
    ) {
        let os_name = entry.file_name();
        let Some(name) = os_name.to_str() else {
            let path = self.display_of(&os_name);
            return found.problems.push(Problem { path, reason: Reason::NotUtf8 });
        };
        let is_reserved = matches!(name, ".git" | ".esker");
        if is_reserved && self.path.as_str().is_empty() {
            return;
        }
        if self.is_ignored(name, entry, buffer) {
            found.ignored += 1;
            return;
        }
        if is_reserved {
            return found.problem(&self.full(name), Reason::NestedRepository);
        }
        if let Err(error) = check_name(name.as_bytes()) {
            return found.problem(&self.full(name), error.into());
        }
        match entry.metadata() {
            Ok(metadata) => match kind_of(&metadata) {
                Ok(kind) => self.take(name, kind, Stat::of(&metadata), part),
                Err(reason) => self.withhold(name, reason, part, found),
            },
            // Deleted since its name was read: as if it had never been seen.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                self.withhold(name, Reason::Unreadable(error.to_string()), part, found);
            }
        }
    }

    fn is_ignored(&self, name: &str, entry: &DirEntry, buffer: &mut String) -> bool {
        if self.rules.is_empty() {
            return false;
        }
        buffer.clear();
        buffer.push_str(self.path.as_str());
        if !buffer.is_empty() {
            buffer.push('/');
        }
        buffer.push_str(name);
        let is_dir = entry.file_type().is_ok_and(|kind| kind.is_dir());
        self.rules.is_ignored(buffer, is_dir)
    }

    fn take(&self, name: &str, kind: ScannedKind, stat: Stat, part: &mut Part) {
        if kind == ScannedKind::Directory {
            part.folders.push(self.path.join(name).expect("the name was checked"));
        }
        part.entries.push(ScannedEntry { name: name.into(), kind, stat });
    }

    fn withhold(&self, name: &str, reason: Reason, part: &mut Part, found: &mut Found) {
        found.problem(&self.full(name), reason);
        part.withheld.push(name.into());
    }

    fn full(&self, name: &str) -> String {
        match self.path.as_str() {
            "" => name.to_owned(),
            dir => format!("{dir}/{name}"),
        }
    }

    /// The escaped path of a name that is not UTF-8; its odd bytes become `\xNN`.
    fn display_of(&self, name: &OsStr) -> String {
        let mut path = escape(&self.full("")).into_owned();
        for chunk in name.as_encoded_bytes().utf8_chunks() {
            path.push_str(&escape(chunk.valid()));
            for byte in chunk.invalid() {
                path.push_str(&format!("\\x{byte:02x}"));
            }
        }
        path
    }
}

/// The kind of what was found, or why a dataset cannot hold it.
pub(super) fn kind_of(metadata: &Metadata) -> Result<ScannedKind, Reason> {
    let kind = metadata.file_type();
    if kind.is_file() {
        Ok(ScannedKind::File { executable: is_executable(metadata) })
    } else if kind.is_dir() {
        Ok(ScannedKind::Directory)
    } else if kind.is_symlink() {
        Ok(ScannedKind::Symlink)
    } else {
        Err(reason_for(kind))
    }
}

#[cfg(unix)]
fn is_executable(metadata: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    metadata.mode() & 0o100 != 0
}

#[cfg(not(unix))]
fn is_executable(_: &Metadata) -> bool {
    false
}

#[cfg(unix)]
fn reason_for(kind: FileType) -> Reason {
    use std::os::unix::fs::FileTypeExt;
    if kind.is_socket() {
        Reason::Socket
    } else if kind.is_fifo() {
        Reason::Fifo
    } else {
        Reason::Device
    }
}

#[cfg(not(unix))]
fn reason_for(_: FileType) -> Reason {
    Reason::Device
}
