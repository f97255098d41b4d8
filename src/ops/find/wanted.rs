//! What a search takes: patterns of names, bounds of sizes, kinds, the beginning of an id.

use std::str::FromStr;

use super::FindOptions;
use crate::id::IdPrefix;
use crate::object::tree::{EntryKind, EntryValue};
use crate::ops::OpError;
use crate::path::RepoPath;
use crate::path::patterns::Patterns;
use crate::steps::select::SelectError;

/// A kind that can be looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FindKind {
    /// A file, one that may be run too.
    File,
    /// A folder.
    Directory,
    /// A symbolic link.
    Symlink,
    /// A file that may be run.
    Executable,
}

/// A bound of a size: `+10M` is more than that, `-10M` less, `10M` exactly that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SizeBound {
    /// More bytes than this.
    Above(u64),
    /// Fewer bytes than this.
    Below(u64),
    /// So many bytes.
    Exactly(u64),
}

impl FromStr for SizeBound {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bad = || format!("expected a size such as +10M, -512K or 2048, not '{text}'");
        let (make, number): (fn(u64) -> Self, &str) = match text.split_at_checked(1) {
            Some(("+", number)) => (Self::Above, number),
            Some(("-", number)) => (Self::Below, number),
            _ => (Self::Exactly, text),
        };
        bytes(number).map(make).ok_or_else(bad)
    }
}

/// A number of bytes, with or without a binary unit: `10M`, `10MiB` and `10485760` are the same.
fn bytes(text: &str) -> Option<u64> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let unit = unit.trim_end_matches(['B', 'b']).trim_end_matches('i');
    let shift = match unit.to_ascii_uppercase().as_str() {
        "" => 0,
        "K" => 10,
        "M" => 20,
        "G" => 30,
        "T" => 40,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(1 << shift)
}

/// The conditions of a search, ready to be asked.
pub(super) struct Wanted {
    names: Patterns,
    sizes: Vec<SizeBound>,
    kinds: Vec<FindKind>,
    id: Option<IdPrefix>,
}

impl Wanted {
    /// Patterns with a slash count from `folder`.
    pub fn new(options: &FindOptions, folder: &RepoPath) -> Result<Self, OpError> {
        let (texts, ignore_case) = (&options.patterns, options.ignore_case);
        let names =
            Patterns::of_names_or_paths(folder, texts, ignore_case).map_err(SelectError::from)?;
        let id = match &options.id {
            Some(text) => Some(text.parse().map_err(|_| OpError::Usage {
                message: format!("'{}' is no beginning of an id", crate::path::escape(text)),
                hint: Some("ids are hexadecimal: see them with esker ls --long".to_owned()),
            })?),
            None => None,
        };
        let (sizes, kinds) = (options.sizes.clone(), options.kinds.clone());
        Ok(Self { names, sizes, kinds, id })
    }

    pub fn takes(&self, path: &RepoPath, value: &EntryValue) -> bool {
        self.takes_kind(value.kind())
            && self.takes_size(value)
            && self.takes_id(value)
            && (self.names.is_empty()
                || self.names.matches(path, value.kind() == EntryKind::Directory))
    }

    fn takes_kind(&self, kind: EntryKind) -> bool {
        let is = |wanted: &FindKind| match wanted {
            FindKind::File => matches!(kind, EntryKind::File | EntryKind::Executable),
            FindKind::Directory => kind == EntryKind::Directory,
            FindKind::Symlink => kind == EntryKind::Symlink,
            FindKind::Executable => kind == EntryKind::Executable,
        };
        self.kinds.is_empty() || self.kinds.iter().any(is)
    }

    /// Sizes are those of files: a folder has none of its own.
    fn takes_size(&self, value: &EntryValue) -> bool {
        let size = match value {
            EntryValue::File { size, .. } => *size,
            EntryValue::Symlink { target } => target.len() as u64,
            EntryValue::Directory { .. } => return self.sizes.is_empty(),
        };
        self.sizes.iter().all(|bound| match *bound {
            SizeBound::Above(bytes) => size > bytes,
            SizeBound::Below(bytes) => size < bytes,
            SizeBound::Exactly(bytes) => size == bytes,
        })
    }

    fn takes_id(&self, value: &EntryValue) -> bool {
        let Some(prefix) = &self.id else { return true };
        match value {
            EntryValue::File { id, .. } => prefix.matches(id.as_bytes()),
            EntryValue::Directory { id, .. } => prefix.matches(id.as_bytes()),
            EntryValue::Symlink { .. } => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::BlobId;

    #[test]
    fn sizes_have_a_sign_and_a_binary_unit() {
        let size = |text: &str| text.parse::<SizeBound>();
        assert_eq!(size("+10M"), Ok(SizeBound::Above(10 << 20)));
        assert_eq!(size("-1k"), Ok(SizeBound::Below(1024)));
        assert_eq!(size("2GiB"), Ok(SizeBound::Exactly(2 << 30)));
        assert_eq!(size("0"), Ok(SizeBound::Exactly(0)));
        for bad in ["", "+", "M", "1.5M", "10X", "99999999999999T"] {
            assert!(size(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn patterns_with_a_slash_match_whole_paths() {
        let takes = |pattern: &str, path: &str| {
            let patterns = vec![pattern.to_owned()];
            let options = FindOptions { patterns, ..FindOptions::default() };
            let value = EntryValue::File { id: BlobId::EMPTY, size: 0, executable: false };
            let path = RepoPath::parse(path).expect("a valid path");
            Wanted::new(&options, &RepoPath::root()).expect("a pattern").takes(&path, &value)
        };
        assert!(takes("*.png", "a/b/x.png"));
        assert!(!takes("*.png", "a.png/x"));
        assert!(takes("a/*.png", "a/x.png") && !takes("a/*.png", "a/b/x.png"));
        assert!(takes("a/**/*.png", "a/b/c/x.png") && takes("**/b/*", "a/b/x"));
    }
}
