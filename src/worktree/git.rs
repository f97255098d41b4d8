//! The git checkout around a folder: where it is, and which paths its index holds.

use std::io;
use std::path::{Path, PathBuf};

/// A git checkout that a folder lies in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GitCheckout {
    /// The checkout's folder.
    pub root: PathBuf,
    /// Its git folder.
    pub git_dir: PathBuf,
}

/// Finds the git checkout that `dir` is in.
pub fn find(dir: &Path) -> Option<GitCheckout> {
    dir.ancestors().find_map(|root| {
        let git_dir = git_dir_of(&root.join(".git"))?;
        Some(GitCheckout { root: root.to_owned(), git_dir })
    })
}

/// `.git` itself, or the folder that a `.git` file of a linked worktree names.
fn git_dir_of(dot_git: &Path) -> Option<PathBuf> {
    let metadata = std::fs::metadata(dot_git).ok()?;
    if metadata.is_dir() {
        return dot_git.join("HEAD").exists().then(|| dot_git.to_owned());
    }
    let text = std::fs::read_to_string(dot_git).ok()?;
    let target = text.strip_prefix("gitdir:")?.trim();
    Some(dot_git.parent()?.join(target))
}

impl GitCheckout {
    /// Whether git's index holds `path`, or anything below it.
    pub fn tracks_any(&self, path: &Path) -> io::Result<bool> {
        let Ok(relative) = path.strip_prefix(&self.root) else { return Ok(false) };
        let index = self.git_dir.join("index");
        if !index.exists() {
            return Ok(false);
        }
        let hash = gix_index::hash::Kind::Sha1;
        let file = gix_index::File::at(&index, hash, true, gix_index::decode::Options::default())
            .map_err(io::Error::other)?;
        let wanted = relative.to_string_lossy().replace('\\', "/");
        let below = format!("{wanted}/");
        let is_below = |name: &[u8]| {
            wanted.is_empty() || name == wanted.as_bytes() || name.starts_with(below.as_bytes())
        };
        Ok(file.entries().iter().any(|entry| is_below(entry.path(&file))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    fn git(dir: &Path, arguments: &[&str]) -> bool {
        let status = Command::new("git").args(arguments).current_dir(dir).output();
        status.is_ok_and(|o| o.status.success())
    }

    #[test]
    fn tracked_paths_are_found_in_the_index() {
        let dir = tempfile::tempdir().expect("temporary folder");
        assert!(find(dir.path()).is_none_or(|c| c.root != dir.path()));
        assert!(git(dir.path(), &["init", "-q"]), "git is needed for this test");
        std::fs::create_dir_all(dir.path().join("code/deep")).expect("folders");
        std::fs::write(dir.path().join("code/deep/a.py"), "x").expect("write");
        let checkout = find(&dir.path().join("code")).expect("a checkout");
        assert_eq!(checkout.root, dir.path());
        let tracks = |p: &str| checkout.tracks_any(&dir.path().join(p)).expect("index");
        assert!(!tracks("code"));
        assert!(git(dir.path(), &["add", "code"]));
        assert!(tracks("code") && tracks("code/deep/a.py") && tracks(""));
        assert!(!tracks("data") && !tracks("cod"));
    }
}
