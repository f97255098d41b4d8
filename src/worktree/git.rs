//! Which paths belong to a git checkout that encloses a worktree.
//!
//! Reads git's index and nothing else of it; never writes. Case is never folded: on a file system
//! that does so, a path spelled otherwise than in git's index counts as another path.

use std::fs;
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use gix_index::entry::Mode;
use gix_index::{Entry, State, decode, hash};

use crate::path::RepoPath;
use crate::stat::Stat;

/// Why git's index cannot be consulted. What git has must not be touched then.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// The folder asked about does not lie in the checkout.
    #[error("{} does not lie in the git checkout", .0.display())]
    Outside(PathBuf),
    /// The checkout names its objects by SHA-256, which is not supported.
    #[error("the git checkout at {} uses SHA-256", .0.display())]
    Sha256(PathBuf),
    /// The operating system refused.
    #[error("cannot read {}", path.display())]
    Io {
        /// The file of git.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The file is not an index this version understands.
    #[error("cannot read git's index {}: {detail}", path.display())]
    Index {
        /// The index.
        path: PathBuf,
        /// What is wrong with it.
        detail: String,
    },
}

/// A git checkout: the folder people work in, and git's own folder for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GitCheckout {
    /// The folder that holds `.git`.
    pub root: PathBuf,
    /// The folder of the index: `.git` itself, or where a `.git` file points.
    pub git_dir: PathBuf,
}

/// Finds the innermost git checkout that holds `folder`, an absolute path.
///
/// A `.git` that git itself could not use is passed over.
pub fn find_checkout(folder: &Path) -> Option<GitCheckout> {
    folder.ancestors().find_map(|root| {
        let git_dir = git_dir_of(root)?;
        git_dir.join("HEAD").symlink_metadata().ok()?;
        Some(GitCheckout { root: root.to_path_buf(), git_dir })
    })
}

fn git_dir_of(root: &Path) -> Option<PathBuf> {
    let path = root.join(".git");
    if fs::metadata(&path).ok()?.is_dir() {
        return Some(path);
    }
    // Linked worktrees and submodules have a file that says where the folder is.
    let text = read_small(&path)?;
    let target = text.strip_prefix("gitdir:")?.trim();
    (!target.is_empty()).then(|| root.join(target))
}

/// Reads a text of at most 64 KiB.
fn read_small(path: &Path) -> Option<String> {
    if !fs::metadata(path).ok()?.is_file() {
        return None;
    }
    let mut text = String::new();
    fs::File::open(path).ok()?.take(64 << 10).read_to_string(&mut text).ok()?;
    Some(text)
}

/// What git's index holds, seen from a folder in the checkout.
#[derive(Debug)]
pub struct GitIndex {
    path: PathBuf,
    /// The folder within the checkout, empty or ending in a slash.
    prefix: Vec<u8>,
    /// The index and its stat; None when git has written none yet.
    loaded: Option<(Stat, State)>,
    /// Whether some entries stand for whole folders.
    has_covering: bool,
}

impl GitIndex {
    /// Reads the index of a checkout; paths asked about will be relative to `folder`.
    pub fn open(checkout: &GitCheckout, folder: &Path) -> Result<GitIndex, GitError> {
        if is_sha256(&checkout.git_dir) {
            return Err(GitError::Sha256(checkout.root.clone()));
        }
        let within = folder.strip_prefix(&checkout.root);
        let within = within.map_err(|_| GitError::Outside(folder.to_path_buf()))?;
        let mut prefix = Vec::new();
        for component in within.components() {
            let Component::Normal(name) = component else {
                return Err(GitError::Outside(folder.to_path_buf()));
            };
            prefix.extend_from_slice(name.as_encoded_bytes());
            prefix.push(b'/');
        }
        let path = checkout.git_dir.join("index");
        let mut index = GitIndex { path, prefix, loaded: None, has_covering: false };
        index.refresh()?;
        Ok(index)
    }

    /// Reads the index again if its file has changed; true when it had.
    ///
    /// Git never changes an index in place but replaces the file, so its stat tells.
    pub fn refresh(&mut self) -> Result<bool, GitError> {
        let failed = |source| GitError::Io { path: self.path.clone(), source };
        let stat = match fs::metadata(&self.path) {
            Ok(metadata) => Stat::of(&metadata),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.has_covering = false;
                return Ok(self.loaded.take().is_some());
            }
            Err(error) => return Err(failed(error)),
        };
        if self.loaded.as_ref().is_some_and(|(loaded, _)| *loaded == stat) {
            return Ok(false);
        }
        let state = load(&self.path)?;
        self.has_covering = state.entries().iter().any(is_covering);
        self.loaded = Some((stat, state));
        Ok(true)
    }

    /// Whether git tracks this path, or tracks a folder above it as a whole.
    pub fn contains(&self, path: &RepoPath) -> bool {
        let full = self.full(path);
        self.holds(|entry| entry == full, &full) || self.is_covered(&full)
    }

    /// Whether git tracks anything below this folder, or the folder as a whole.
    pub fn any_below(&self, dir: &RepoPath) -> bool {
        let mut full = self.full(dir);
        if self.is_covered(&full) {
            return true;
        }
        if !full.is_empty() && !full.ends_with(b"/") {
            full.push(b'/');
        }
        self.holds(|entry| entry.starts_with(&full), &full)
    }

    /// The first path below this folder that git tracks; the folder itself if it is git's as a whole.
    pub fn first_below(&self, dir: &RepoPath) -> Option<RepoPath> {
        if !self.any_below(dir) {
            return None;
        }
        let (_, state) = self.loaded.as_ref()?;
        let full = self.full(dir);
        let at = state.entries().partition_point(|entry| bytes(entry, state) < &full[..]);
        let below = state.entries()[at..].iter().map(|entry| bytes(entry, state)).find(|name| {
            name.strip_prefix(&full[..]).is_some_and(|rest| full.is_empty() || rest[0] == b'/')
        });
        let name = below.and_then(|name| std::str::from_utf8(&name[self.prefix.len()..]).ok());
        Some(name.and_then(|name| RepoPath::parse(name).ok()).unwrap_or_else(|| dir.clone()))
    }

    fn full(&self, path: &RepoPath) -> Vec<u8> {
        [&self.prefix, path.as_str().as_bytes()].concat()
    }

    /// Whether the first entry at or after `key` is the one looked for.
    fn holds(&self, is_wanted: impl Fn(&[u8]) -> bool, key: &[u8]) -> bool {
        let Some((_, state)) = &self.loaded else { return false };
        let at = state.entries().partition_point(|entry| bytes(entry, state) < key);
        state.entries().get(at).is_some_and(|entry| is_wanted(bytes(entry, state)))
    }

    /// Whether an entry for a whole folder, a submodule or one left out of a sparse checkout,
    /// stands at this path or above it.
    fn is_covered(&self, full: &[u8]) -> bool {
        let Some((_, state)) = self.loaded.as_ref().filter(|_| self.has_covering) else {
            return false;
        };
        let ends = (1..=full.len()).filter(|end| full.get(*end).is_none_or(|byte| *byte == b'/'));
        ends.map(|end| full[..end].strip_suffix(b"/").unwrap_or(&full[..end])).any(|part| {
            // Left-out folders are listed with a slash, submodules without.
            [part.to_vec(), [part, b"/"].concat()].iter().any(|key| {
                let entries = state.entries();
                let at = entries.partition_point(|entry| bytes(entry, state) < &key[..]);
                entries
                    .get(at)
                    .is_some_and(|entry| bytes(entry, state) == key && is_covering(entry))
            })
        })
    }
}

fn bytes<'a>(entry: &Entry, state: &'a State) -> &'a [u8] {
    entry.path(state)
}

fn is_covering(entry: &Entry) -> bool {
    entry.mode == Mode::COMMIT || entry.mode == Mode::DIR
}

fn load(path: &Path) -> Result<State, GitError> {
    // As git does, its own checksum of the index is not verified on reading.
    let file = gix_index::File::at(path, hash::Kind::Sha1, true, decode::Options::default());
    let failed = |detail| GitError::Index { path: path.to_path_buf(), detail };
    file.map(State::from).map_err(|error| failed(error.to_string()))
}

/// Whether git's configuration says so. An index read under the wrong hash would be nonsense.
fn is_sha256(git_dir: &Path) -> bool {
    let common = read_small(&git_dir.join("commondir"));
    let common = common.map_or(git_dir.to_path_buf(), |text| git_dir.join(text.trim()));
    let Some(config) = read_small(&common.join("config")) else { return false };
    config.lines().map(|line| line.trim().to_ascii_lowercase()).any(|line| {
        line.strip_prefix("objectformat")
            .and_then(|rest| rest.trim_start().strip_prefix('='))
            .is_some_and(|value| value.trim().starts_with("sha256"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;
    use tempfile::TempDir;

    /// Runs git without configuration of the user or the machine; None, loudly, without git.
    fn git(folder: &Path, arguments: &[&str]) -> Option<()> {
        let output = Command::new("git")
            .current_dir(folder)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", folder)
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .args(["-c", "user.name=x", "-c", "user.email=x", "-c", "protocol.file.allow=always"])
            .args(arguments)
            .output();
        match output {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                eprintln!("SKIPPED: no git on this machine");
                None
            }
            output => {
                let output = output.expect("git runs");
                let errors = String::from_utf8_lossy(&output.stderr);
                assert!(output.status.success(), "git {arguments:?}: {errors}");
                Some(())
            }
        }
    }

    fn checkout(files: &[&str]) -> Option<TempDir> {
        let dir = tempfile::tempdir().expect("temporary folder");
        git(dir.path(), &["init", "-q"])?;
        for file in files {
            let path = dir.path().join(file);
            fs::create_dir_all(path.parent().expect("has a parent")).expect("folders");
            fs::write(path, file).expect("write");
        }
        git(dir.path(), &["add", "."])?;
        Some(dir)
    }

    fn at(path: &str) -> RepoPath {
        RepoPath::parse(path).expect("valid path")
    }

    fn index(root: &Path, folder: &Path) -> GitIndex {
        let checkout = find_checkout(folder).expect("a checkout");
        assert_eq!(checkout.root, root);
        GitIndex::open(&checkout, folder).expect("readable index")
    }

    #[test]
    fn paths_in_the_index_are_found() {
        let Some(dir) = checkout(&["a/b", "a-b", "a.b/c", "code/x/y"]) else { return };
        fs::create_dir_all(dir.path().join("code/data")).expect("folder");
        let all = index(dir.path(), dir.path());
        for (path, contains, below) in [
            ("a", false, true),
            ("a/b", true, false),
            ("a/c", false, false),
            ("a-b", true, false),
            ("a.b", false, true),
            ("code", false, true),
            ("code/data", false, false),
            ("cod", false, false),
            ("", false, true),
        ] {
            assert_eq!(all.contains(&at(path)), contains, "contains {path:?}");
            assert_eq!(all.any_below(&at(path)), below, "below {path:?}");
        }
        let code = index(dir.path(), &dir.path().join("code"));
        assert!(code.contains(&at("x/y")) && !code.contains(&at("code/x/y")));
        assert!(
            code.any_below(&at("x")) && code.any_below(&at("")) && !code.any_below(&at("data"))
        );
        let data = index(dir.path(), &dir.path().join("code/data"));
        assert!(!data.any_below(&at("")));
    }

    #[test]
    fn a_changed_index_is_read_again() {
        let Some(dir) = checkout(&["one"]) else { return };
        let mut index = index(dir.path(), dir.path());
        assert!(!index.refresh().expect("readable"));
        fs::write(dir.path().join("two"), "").expect("write");
        git(dir.path(), &["add", "two"]);
        assert!(!index.contains(&at("two")));
        assert!(index.refresh().expect("readable"));
        assert!(index.contains(&at("two")));
        fs::remove_file(dir.path().join(".git/index")).expect("remove");
        assert!(index.refresh().expect("readable"));
        assert!(!index.contains(&at("two")) && !index.any_below(&at("")));
    }

    #[test]
    fn a_linked_worktree_has_its_own_index() {
        let Some(dir) = checkout(&["main/f"]) else { return };
        git(dir.path(), &["commit", "-qm", "x"]);
        git(dir.path(), &["worktree", "add", "-q", "linked"]);
        let linked = dir.path().join("linked");
        fs::write(linked.join("only-here"), "").expect("write");
        git(&linked, &["add", "only-here"]);
        let index = index(&linked, &linked);
        assert!(index.contains(&at("only-here")) && index.contains(&at("main/f")));
    }

    #[test]
    fn a_submodule_covers_all_below_it() {
        let Some(dir) = checkout(&["f"]) else { return };
        let Some(module) = checkout(&["g"]) else { return };
        git(module.path(), &["commit", "-qm", "x"]);
        let source = module.path().to_str().expect("UTF-8");
        git(dir.path(), &["submodule", "--quiet", "add", source, "lib/sub"]);
        let index = index(dir.path(), dir.path());
        for covered in ["lib/sub", "lib/sub/g", "lib/sub/new/file"] {
            assert!(index.contains(&at(covered)) && index.any_below(&at(covered)), "{covered}");
        }
        assert!(index.any_below(&at("lib")) && !index.contains(&at("lib")));
        assert!(!index.contains(&at("lib/subject")));
    }

    #[test]
    fn a_fresh_checkout_has_nothing_and_no_checkout_is_none() {
        let dir = tempfile::tempdir().expect("temporary folder");
        fs::create_dir(dir.path().join(".git")).expect("folder");
        assert_eq!(find_checkout(dir.path()).map(|found| found.root != dir.path()), None);
        fs::write(dir.path().join(".git/HEAD"), "ref: refs/heads/main\n").expect("write");
        let index = index(dir.path(), dir.path());
        assert!(!index.contains(&at("f")) && !index.any_below(&at("")));
    }

    #[test]
    fn what_cannot_be_understood_is_an_error() {
        let dir = tempfile::tempdir().expect("temporary folder");
        fs::create_dir(dir.path().join(".git")).expect("folder");
        fs::write(dir.path().join(".git/HEAD"), "").expect("write");
        fs::write(dir.path().join(".git/index"), "DIRC nonsense").expect("write");
        let found = find_checkout(dir.path()).expect("a checkout");
        let error = GitIndex::open(&found, dir.path()).expect_err("no index");
        assert!(matches!(error, GitError::Index { .. }));
        fs::write(dir.path().join(".git/config"), "[extensions]\n\tobjectFormat = sha256\n")
            .expect("write");
        let error = GitIndex::open(&found, dir.path()).expect_err("not supported");
        assert!(matches!(error, GitError::Sha256(_)));
        let error = GitIndex::open(&found, Path::new("/elsewhere")).expect_err("outside");
        assert!(matches!(error, GitError::Sha256(_) | GitError::Outside(_)));
    }
}
