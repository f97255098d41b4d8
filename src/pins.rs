//! `esker.lock`: which data a project needs, to the byte.
//!
//! A TOML file, written one way only: a table for each pin, sorted by where the data goes. What an
//! update changes stands together, between lines that stay, so that git merges updates of different
//! pins, and stops where two change the same one.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use toml_edit::{DocumentMut, Table};

use crate::db::RepositoryId;
use crate::fsio::{self, FsError};
use crate::id::{BlobId, CommitId, TreeId};
use crate::path::RepoPath;

/// Name of the file.
pub const FILE_NAME: &str = "esker.lock";
/// Longest file that is read, in bytes.
const MAX_BYTES: u64 = 16 << 20;
/// The format that is written, and the newest that is read.
const VERSION: i64 = 1;
/// Where a pin is of all of a dataset, and goes into the folder of the lock file itself.
const HERE: &str = ".";
const HEAD: &str = "# Data that this project needs, exactly as it is named here. Written by esker: see \
                    esker help pins.\n";
/// Lines that git leaves where two sides changed the same.
const MARKERS: [&str; 4] = ["<<<<<<<", "|||||||", "=======", ">>>>>>>"];

/// Why a lock file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PinsError {
    /// A merge left it with both sides.
    #[error("line {line}: a conflict of a merge")]
    Conflict {
        /// Counted from 1.
        line: usize,
    },
    /// It is of a newer format.
    #[error("format {found} is not known")]
    Newer {
        /// Its format.
        found: i64,
    },
    /// It is not written as a lock file is.
    #[error("{0}")]
    Invalid(String),
    /// The file could not be read or written.
    #[error(transparent)]
    Fs(#[from] FsError),
}

/// What is pinned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pinned {
    /// A folder.
    Tree(TreeId),
    /// A file.
    Blob(BlobId),
}

/// One pin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pin {
    /// Where the remote is.
    pub remote: String,
    /// URL of its S3 server.
    pub endpoint: Option<String>,
    /// Region of its bucket.
    pub region: Option<String>,
    /// Whether anyone may read it, so that nothing is signed.
    pub anonymous: bool,
    /// Which repository it holds.
    pub repository: RepositoryId,
    /// The path in the dataset; the root is all of it.
    pub path: RepoPath,
    /// The branch or tag that an update follows.
    pub follows: Option<String>,
    /// The commit.
    pub commit: CommitId,
    /// What the commit has at the path.
    pub pinned: Pinned,
    /// Files in it.
    pub files: u64,
    /// Bytes of the files.
    pub bytes: u64,
}

/// The pins of a lock file, by where they go: paths from the file's folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pins(pub BTreeMap<RepoPath, Pin>);

/// The lock file of a folder: in it, or in the nearest above.
pub fn find(start: &Path) -> Option<PathBuf> {
    start.ancestors().map(|dir| dir.join(FILE_NAME)).find(|path| path.is_file())
}

impl Pins {
    /// Reads a file; one that is not there has no pins.
    pub fn read(path: &Path) -> Result<Self, PinsError> {
        match fsio::read_capped(path, MAX_BYTES) {
            Ok(bytes) => Self::parse(&String::from_utf8_lossy(&bytes)),
            Err(e) if e.is_not_found() => Ok(Self::default()),
            Err(e) => Err(e.into()),
        }
    }

    /// Replaces a file, whole or not at all.
    pub fn write(&self, path: &Path) -> Result<(), PinsError> {
        Ok(fsio::write_atomic(path, self.render().as_bytes())?)
    }

    /// The pins in a text.
    pub fn parse(text: &str) -> Result<Self, PinsError> {
        let is_marker = |line: &str| MARKERS.iter().any(|marker| line.starts_with(marker));
        if let Some(at) = text.lines().position(is_marker) {
            return Err(PinsError::Conflict { line: at + 1 });
        }
        let invalid = |e: toml_edit::TomlError| PinsError::Invalid(first_line(&e.to_string()));
        let document: DocumentMut = text.parse().map_err(invalid)?;
        match document.get("version").and_then(|item| item.as_integer()) {
            Some(1..=VERSION) => {}
            Some(found) => return Err(PinsError::Newer { found }),
            None => return Err(PinsError::Invalid("it names no version".to_owned())),
        }
        let mut pins = BTreeMap::new();
        let tables = document.get("pin").and_then(|item| item.as_table());
        for (dest, item) in tables.into_iter().flat_map(Table::iter) {
            let bad = |why: String| PinsError::Invalid(format!("pin \"{dest}\": {why}"));
            let table = item.as_table().ok_or_else(|| bad("it is no table".to_owned()))?;
            let at = path_of(dest).map_err(bad)?;
            pins.insert(at, read_pin(table).map_err(bad)?);
        }
        Ok(Self(pins))
    }

    /// The text of the file.
    pub fn render(&self) -> String {
        let mut out = format!("{HEAD}version = {VERSION}\n");
        for (dest, pin) in &self.0 {
            let dest = if dest.is_root() { HERE } else { dest.as_str() };
            // Writing to a String cannot fail.
            let _ = write_pin(&mut out, dest, pin);
        }
        out
    }
}

fn first_line(text: &str) -> String {
    // The parser shows the place over several lines; the first says where, the last what.
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    let first = lines.next().unwrap_or_default();
    match lines.next_back() {
        Some(last) if last != first => format!("{first}: {last}"),
        _ => first.to_owned(),
    }
}

fn path_of(text: &str) -> Result<RepoPath, String> {
    match text {
        HERE | "" => Ok(RepoPath::root()),
        text => RepoPath::parse(text).map_err(|e| e.to_string()),
    }
}

fn quoted(text: &str) -> String {
    toml_edit::Value::from(text).to_string().trim().to_owned()
}

fn write_pin(out: &mut String, dest: &str, pin: &Pin) -> std::fmt::Result {
    writeln!(out, "\n[pin.{}]", quoted(dest))?;
    writeln!(out, "remote = {}", quoted(&pin.remote))?;
    if let Some(endpoint) = &pin.endpoint {
        writeln!(out, "endpoint = {}", quoted(endpoint))?;
    }
    if let Some(region) = &pin.region {
        writeln!(out, "region = {}", quoted(region))?;
    }
    if pin.anonymous {
        writeln!(out, "anonymous = true")?;
    }
    writeln!(out, "repository = \"{}\"", pin.repository)?;
    writeln!(out, "path = {}", quoted(pin.path.as_str()))?;
    if let Some(follows) = &pin.follows {
        writeln!(out, "follows = {}", quoted(follows))?;
    }
    writeln!(out, "commit = \"{}\"", pin.commit)?;
    match pin.pinned {
        Pinned::Tree(id) => writeln!(out, "tree = \"{id}\"")?,
        Pinned::Blob(id) => writeln!(out, "blob = \"{id}\"")?,
    }
    writeln!(out, "files = {}", pin.files)?;
    writeln!(out, "bytes = {}", pin.bytes)
}

fn read_pin(table: &Table) -> Result<Pin, String> {
    let optional = |key: &str| match table.get(key) {
        None => Ok(None),
        Some(item) => {
            let text = item.as_str().map(str::to_owned);
            text.map(Some).ok_or_else(|| format!("{key} is no text"))
        }
    };
    let text = |key: &str| optional(key)?.ok_or_else(|| format!("{key} is missing"));
    let number = |key: &str| {
        let number = table.get(key).and_then(|item| item.as_integer());
        let number = number.and_then(|number| u64::try_from(number).ok());
        number.ok_or_else(|| format!("{key} is missing, or no number"))
    };
    let pinned = match (optional("tree")?, optional("blob")?) {
        (Some(tree), None) => Pinned::Tree(id("tree", &tree)?),
        (None, Some(blob)) => Pinned::Blob(id("blob", &blob)?),
        _ => return Err("it needs either tree or blob".to_owned()),
    };
    Ok(Pin {
        remote: text("remote")?,
        endpoint: optional("endpoint")?,
        region: optional("region")?,
        anonymous: table.get("anonymous").and_then(|item| item.as_bool()).unwrap_or(false),
        repository: id("repository", &text("repository")?)?,
        path: path_of(&text("path")?)?,
        follows: optional("follows")?,
        commit: id("commit", &text("commit")?)?,
        pinned,
        files: number("files")?,
        bytes: number("bytes")?,
    })
}

fn id<T: std::str::FromStr>(key: &str, text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("{key} is no id"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pin(number: u8) -> Pin {
        Pin {
            remote: "s3://bucket/weather".to_owned(),
            endpoint: None,
            region: None,
            anonymous: false,
            repository: RepositoryId::from_bytes([7; 16]),
            path: RepoPath::parse("images").expect("a path"),
            follows: Some("main".to_owned()),
            commit: CommitId::from_bytes([number; 32]),
            pinned: Pinned::Tree(TreeId::from_bytes([number; 32])),
            files: 3,
            bytes: 1 << 40,
        }
    }

    fn pins() -> Pins {
        let path = |text: &str| RepoPath::parse(text).expect("a path");
        let file = Pin {
            endpoint: Some("http://localhost:9000".to_owned()),
            anonymous: true,
            follows: None,
            pinned: Pinned::Blob(BlobId::from_bytes([2; 32])),
            ..pin(2)
        };
        let all = Pin { path: RepoPath::root(), ..pin(3) };
        Pins(BTreeMap::from([
            (path("data/im\"ages é"), pin(1)),
            (path("labels.csv"), file),
            (RepoPath::root(), all),
        ]))
    }

    #[test]
    fn what_is_written_is_read() {
        let pins = pins();
        let text = pins.render();
        assert_eq!(Pins::parse(&text).expect("own text"), pins);
        assert_eq!(Pins::parse(&text).expect("own text").render(), text);
    }

    #[test]
    fn bad_files_say_what_is_wrong() {
        let good = pins().render();
        let wrong = |text: &str| Pins::parse(text).expect_err("it is wrong").to_string();
        let marked = good.replacen("commit", "<<<<<<< ours\ncommit", 1);
        assert_eq!(wrong(&marked), "line 9: a conflict of a merge");
        assert_eq!(wrong(&good.replacen("version = 1", "version = 9", 1)), "format 9 is not known");
        assert_eq!(wrong("[pin.a]\n"), "it names no version");
        assert!(wrong(&good.replacen("bytes = ", "bytes = x", 1)).contains("line 12"));
        let cases = [
            ("tree = ", "three = ", "either tree or blob"),
            ("commit", "commits", "commit is missing"),
        ];
        for (old, new, expected) in cases {
            let text = wrong(&good.replacen(old, new, 1));
            assert!(text.contains(expected) && text.starts_with("pin \""), "{text}");
        }
        assert!(wrong(&good.replace("[pin.\"labels.csv\"]", "[pin.\"../x\"]")).contains("../x"));
        assert!(wrong(&good.replace("[pin.\"labels.csv\"]", "[pin.\".git\"]")).contains(".git"));
    }
}
