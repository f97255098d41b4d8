//! The file `.esker/worktree` of a further worktree: which repository it belongs to, and as which one.

use std::path::{Path, PathBuf};

use super::{DIR_NAME, RepoError};
use crate::db::Place;
use crate::fsio::{self, AtPath};
use crate::refs::WorktreeId;

/// Name of the file.
const FILE: &str = "worktree";
/// What it begins with.
const HEADING: &str = "esker worktree 1";

/// What the file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorktreeLink {
    /// Which worktree of the repository it is.
    pub worktree: WorktreeId,
    /// What the repository has to know it by.
    pub token: String,
    /// The repository's `.esker`, absolute.
    pub repository: PathBuf,
    /// The same from the worktree's folder, for when both are moved together.
    pub relative: Option<PathBuf>,
}

impl WorktreeLink {
    /// The link from `root` to the repository in `repository`; both are absolute and text.
    pub fn new(worktree: WorktreeId, token: &str, root: &Path, repository: &Path) -> Self {
        let (token, repository) = (token.to_owned(), repository.to_owned());
        let relative = fsio::way_between(root, &repository);
        Self { worktree, token, repository, relative }
    }

    /// The file of the worktree in folder `root`.
    pub fn file(root: &Path) -> PathBuf {
        root.join(DIR_NAME).join(FILE)
    }

    /// Reads the link of the worktree in `root`; nothing when a whole repository is there.
    pub fn read(root: &Path) -> Result<Option<Self>, RepoError> {
        let file = Self::file(root);
        match std::fs::read_to_string(&file).at("read", &file) {
            Ok(text) => match Self::parse(&text) {
                Some(link) => Ok(Some(link)),
                None => Err(RepoError::BadLink { file }),
            },
            Err(e) if e.is_not_found() => Ok(None),
            Err(e) => Err(e.into()),
        }
    }

    /// Writes the link of the worktree in `root`, whole or not at all.
    pub fn write(&self, root: &Path) -> Result<(), RepoError> {
        Ok(fsio::write_atomic(&Self::file(root), self.to_text().as_bytes())?)
    }

    fn to_text(&self) -> String {
        let Self { worktree, token, repository, relative } = self;
        let mut text = format!("{HEADING}\nnumber {}\ntoken {token}\n", worktree.0);
        text += &format!("repository {}\n", repository.display());
        if let Some(relative) = relative {
            text += &format!("relative {}\n", relative.display());
        }
        text
    }

    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let heading = lines.next()?;
        let mut field = |name: &str| lines.next()?.strip_prefix(name)?.strip_prefix(' ');
        let (number, token) = (field("number")?, field("token")?);
        let (repository, relative) = (field("repository")?, field("relative"));
        (heading == HEADING && Path::new(repository).is_absolute()).then_some(Self {
            worktree: WorktreeId(number.parse().ok()?),
            token: token.to_owned(),
            repository: repository.into(),
            relative: relative.map(PathBuf::from),
        })
    }

    /// The repository's `.esker`, where it is now.
    pub fn find_repository(&self, root: &Path) -> Result<PathBuf, RepoError> {
        let beside = self.relative.as_ref().map(|relative| root.join(relative));
        let mut places = [Some(self.repository.clone()), beside].into_iter().flatten();
        let found = places.find(|dir| dir.join("state.db").exists());
        let lost = || RepoError::LostRepository {
            root: root.to_owned(),
            repository: self.repository.clone(),
        };
        let found = found.ok_or_else(lost)?;
        Ok(found.canonicalize().at("find", &found)?)
    }

    /// Whether the worktree in `root` is the one that is registered as `place`.
    pub fn is_at(place: &Place, worktree: WorktreeId) -> bool {
        let found = Self::read(Path::new(&place.path));
        found.is_ok_and(|link| {
            link.is_some_and(|link| link.token == place.token && link.worktree == worktree)
        })
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_read_as_it_was_written() {
        let (root, repository) = (Path::new("/data/side branch"), Path::new("/data/main/.esker"));
        let link = WorktreeLink::new(WorktreeId(3), "ab12", root, repository);
        let text = "esker worktree 1\nnumber 3\ntoken ab12\nrepository /data/main/.esker\n\
                    relative ../main/.esker\n";
        assert_eq!(link.to_text(), text);
        assert_eq!(WorktreeLink::parse(text), Some(link));
        for lines in 0..4 {
            let cut: String = text.split_inclusive('\n').take(lines).collect();
            assert_eq!(WorktreeLink::parse(&cut), None, "{cut}");
        }
    }
}
