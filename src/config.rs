//! Settings in layers: defaults < system < user < repository < local < environment < flags.
//!
//! The files are TOML; a later layer wins key by key, and every value knows where it came from. The
//! library looks for nothing itself: paths, environment and flags are handed in. [`edit`] changes one
//! file and keeps its comments, [`git`] reads a name from git's configuration.

pub mod edit;
pub mod git;
mod keys;

pub use keys::{
    ColorChoice, CoreSettings, Settings, TransferSettings, UiSettings, UserSettings, check_rate,
};

use crate::fsio::{FsError, read_capped};
use crate::path::escape;
use keys::KEYS;
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use toml_edit::{DocumentMut, Item, Key, TableLike};

/// No configuration file is this large, in bytes.
const MAX_FILE_BYTES: u64 = 1 << 20;

/// Sections whose keys hold names people choose; nothing in them is warned about.
const OPEN_SECTIONS: [&str; 2] = ["remote", "branch"];

/// The keys esker knows.
pub fn known_keys() -> impl Iterator<Item = &'static str> {
    keys::KEYS.iter().map(|key| key.name)
}

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Built in.
    Default,
    /// A file, esker's or git's.
    File(PathBuf),
    /// An environment variable.
    Env(String),
    /// The command line.
    Flag,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path) => {
                write!(f, "file {}", shown(path))
            }
            Self::Env(name) => write!(f, "environment {name}"),
            Self::Flag => f.write_str("command line"),
        }
    }
}

/// Why settings could not be read or changed.
#[derive(Debug)]
pub enum ConfigError {
    /// A file could not be read or written.
    Fs(FsError),
    /// A file is not TOML, or not text.
    Syntax {
        /// The file.
        path: PathBuf,
        /// Line, and what was expected.
        detail: String,
    },
    /// A key is not of the form `section.name`.
    BadKey {
        /// The key as given.
        key: String,
    },
    /// A value is not what its key takes.
    BadValue {
        /// The key.
        key: String,
        /// The value as given.
        value: String,
        /// Where it came from.
        origin: Origin,
        /// What the key takes.
        expected: &'static str,
    },
    /// A key cannot be set because part of it is a value, or it is a section.
    NotATable {
        /// The key.
        key: String,
    },
    /// Neither esker's nor git's configuration names the author.
    NoAuthor {
        /// The key that is missing: `user.name` or `user.email`.
        key: &'static str,
    },
}

impl ConfigError {
    /// The key, file or variable that is wrong.
    pub fn at(&self) -> String {
        match self {
            Self::Fs(e) => shown(e.path()),
            Self::Syntax { path, .. } => shown(path),
            Self::BadValue { key, origin, .. } => format!("{key} ({origin})"),
            Self::BadKey { key } | Self::NotATable { key } => escape(key).into_owned(),
            Self::NoAuthor { key } => (*key).into(),
        }
    }

    /// What is wrong with it.
    pub fn detail(&self) -> String {
        match self {
            Self::Fs(e) => e.to_string(),
            Self::Syntax { detail, .. } => detail.clone(),
            Self::BadValue { value, expected, .. } => {
                format!("'{}' is not {expected}", escape(value))
            }
            Self::BadKey { .. } => "not a key such as user.name".into(),
            Self::NotATable { .. } => "a value and a section cannot have one name".into(),
            Self::NoAuthor { .. } => "not set, in git's configuration neither".into(),
        }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // It names its path itself.
            Self::Fs(e) => e.fmt(f),
            _ => write!(f, "{}: {}", self.at(), self.detail()),
        }
    }
}

impl std::error::Error for ConfigError {}

impl From<FsError> for ConfigError {
    fn from(error: FsError) -> Self {
        Self::Fs(error)
    }
}

fn shown(path: &Path) -> String {
    escape(&path.to_string_lossy()).into_owned()
}

/// The files of the layers; one that is absent is an empty layer.
#[derive(Clone, Debug, Default)]
pub struct Files {
    /// The machine's.
    pub system: Option<PathBuf>,
    /// The person's.
    pub user: Option<PathBuf>,
    /// The repository's, `.esker/config.toml`.
    pub repository: Option<PathBuf>,
    /// That of this repository on this machine only.
    pub local: Option<PathBuf>,
}

/// Names and values: of environment variables, or of keys given on the command line.
pub type Pairs = [(String, String)];

/// Reads the layers and gives the settings in force.
pub fn load(files: &Files, env: &Pairs, flags: &Pairs) -> Result<Settings, ConfigError> {
    Config::load(files, env, flags)?.settings()
}

/// A value and where it came from. Text is without quotes; other values are as TOML writes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The value.
    pub value: String,
    /// Where it came from.
    pub origin: Origin,
}

/// A person, from the settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Author {
    /// The name and where it is set.
    pub name: Setting,
    /// The address and where it is set.
    pub email: Setting,
}

/// All layers, read.
#[derive(Clone, Debug)]
pub struct Config {
    /// Every value of every layer by its key, the one that wins last.
    values: BTreeMap<String, Vec<Setting>>,
}

impl Config {
    /// Reads the layers. Values are checked by [`Config::settings`], so that a command that mends
    /// them still runs.
    ///
    /// Variables esker does not know are left alone; keys it does not know are kept.
    pub fn load(files: &Files, env: &Pairs, flags: &Pairs) -> Result<Self, ConfigError> {
        let mut config = Self { values: BTreeMap::new() };
        for key in KEYS {
            if let Some(value) = key.default {
                config.push(key.name, value, Origin::Default);
            }
        }
        let Files { system, user, repository, local } = files;
        for path in [system, user, repository, local].into_iter().flatten() {
            if let Some(document) = read_document(path)? {
                config.push_table("", document.as_table(), path);
            }
        }
        // An empty variable is one that is not set, as a shell script leaves it.
        for (name, value) in env.iter().filter(|(_, value)| !value.is_empty()) {
            if let Some(key) = KEYS.iter().find(|key| key.env == Some(name)) {
                config.push(key.name, value, Origin::Env(name.clone()));
            }
        }
        for (key, value) in flags {
            config.push(&canonical_key(key)?, value, Origin::Flag);
        }
        Ok(config)
    }

    fn push(&mut self, key: &str, value: &str, origin: Origin) {
        let setting = Setting { value: value.into(), origin };
        self.values.entry(key.into()).or_default().push(setting);
    }

    fn push_table(&mut self, prefix: &str, table: &dyn TableLike, path: &Path) {
        for (name, item) in table.iter() {
            let key = join_key(prefix, name);
            match item {
                Item::None => {}
                item => match item.as_table_like() {
                    Some(table) => self.push_table(&key, table, path),
                    None => self.push(&key, &value_text(item), Origin::File(path.into())),
                },
            }
        }
    }

    /// The value of a key that wins, and where it came from.
    pub fn get(&self, key: &str) -> Option<&Setting> {
        self.get_all(key).last()
    }

    /// Every value of a key, the one that wins last.
    pub fn get_all(&self, key: &str) -> &[Setting] {
        let values = canonical_key(key).ok().and_then(|key| self.values.get(&key));
        values.map_or(&[], Vec::as_slice)
    }

    /// Every key with the value that wins, by key.
    pub fn list(&self) -> impl Iterator<Item = (&str, &Setting)> {
        self.values.iter().filter_map(|(key, all)| Some((key.as_str(), all.last()?)))
    }

    /// Keys that esker does not know and where they are set: misspelt, or of a later version.
    pub fn unknown_keys(&self) -> impl Iterator<Item = (&str, &Origin)> {
        self.list().map(|(key, setting)| (key, &setting.origin)).filter(|(key, _)| {
            let section = key.split('.').next().unwrap_or_default();
            !OPEN_SECTIONS.contains(&section) && keys::find(key).is_none()
        })
    }

    /// The settings as checked values.
    pub fn settings(&self) -> Result<Settings, ConfigError> {
        Settings::from_config(self)
    }

    /// Who makes commits: from the settings, and what they lack from git's configuration, whose files
    /// are given in ascending precedence.
    pub fn author(&self, git_files: &[PathBuf]) -> Result<Author, ConfigError> {
        // Git's files are only opened when they are needed.
        let (name, email) = (self.get("user.name"), self.get("user.email"));
        let git = match (name, email) {
            (Some(_), Some(_)) => git::Identity::default(),
            _ => git::identity(git_files)?,
        };
        let pick = |ours: Option<&Setting>, gits: Option<Setting>, key| {
            let found = ours.cloned().or(gits).filter(|s| !s.value.trim().is_empty());
            found.ok_or(ConfigError::NoAuthor { key })
        };
        Ok(Author {
            name: pick(name, git.name, "user.name")?,
            email: pick(email, git.email, "user.email")?,
        })
    }
}

/// Reads a file; `None` when it is not there.
fn read_document(path: &Path) -> Result<Option<DocumentMut>, ConfigError> {
    let bytes = match read_capped(path, MAX_FILE_BYTES) {
        Err(e) if e.is_not_found() => return Ok(None),
        result => result?,
    };
    let syntax = |detail: String| ConfigError::Syntax { path: path.into(), detail };
    let text = String::from_utf8(bytes).map_err(|e| syntax(e.to_string()))?;
    text.parse().map(Some).map_err(|e: toml_edit::TomlError| {
        let line = e.span().map_or(0, |span| text[..span.start].matches('\n').count()) + 1;
        syntax(format!("line {line}: {}", e.message()))
    })
}

/// The parts of a key: `remote."my.host".url` has three.
fn parse_key(key: &str) -> Result<Vec<Key>, ConfigError> {
    match Key::parse(key) {
        Ok(parts) if parts.len() >= 2 => Ok(parts),
        _ => Err(ConfigError::BadKey { key: key.into() }),
    }
}

/// The one spelling under which a key is kept: quotes only where needed, no blanks.
fn canonical_key(key: &str) -> Result<String, ConfigError> {
    let parts = parse_key(key)?;
    Ok(parts.iter().fold(String::new(), |prefix, part| join_key(&prefix, part.get())))
}

fn join_key(prefix: &str, name: &str) -> String {
    let name = Key::new(name);
    let name = name.display_repr();
    if prefix.is_empty() { name.into_owned() } else { format!("{prefix}.{name}") }
}

/// Text without quotes; anything else as written, but for blanks and comments around it.
fn value_text(item: &Item) -> String {
    match (item.as_str(), item.as_value()) {
        (Some(text), _) => text.into(),
        (None, Some(value)) => value.clone().decorated("", "").to_string(),
        (None, None) => item.to_string().trim().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect()
    }

    fn written(dir: &Path, name: &str, text: &str) -> Option<PathBuf> {
        let path = dir.join(name);
        fs::write(&path, text).expect("write");
        Some(path)
    }

    #[test]
    fn a_later_layer_wins_and_every_value_knows_its_origin() {
        let dir = tempfile::tempdir().expect("tempdir");
        let (mut files, mut env, mut flags) = (Files::default(), vec![], vec![]);
        let mut seen = Vec::new();
        let mut look = |files: &Files, env: &Pairs, flags: &Pairs| {
            let config = Config::load(files, env, flags).expect("load");
            let jobs = config.get("core.jobs").expect("has a default").clone();
            seen.push((jobs.value, config.settings().expect("valid").core.jobs, jobs.origin));
        };
        look(&files, &env, &flags);
        files.system = written(dir.path(), "system", "[core]\njobs = 1\n");
        look(&files, &env, &flags);
        files.user = written(dir.path(), "user", "core.jobs = 2\n");
        look(&files, &env, &flags);
        files.repository = written(dir.path(), "repository", "core = { jobs = 3 }\n");
        look(&files, &env, &flags);
        files.local = Some(dir.path().join("absent"));
        look(&files, &env, &flags);
        files.local = written(dir.path(), "local", "[core]\njobs = 4 # four\n");
        look(&files, &env, &flags);
        env = pairs(&[("ESKER_JOBS", "5"), ("ESKER_NEW", "x"), ("HOME", "/h")]);
        look(&files, &env, &flags);
        flags = pairs(&[("core.jobs", "6")]);
        look(&files, &env, &flags);
        let file = |name| Origin::File(dir.path().join(name));
        let origins = [
            Origin::Default,
            file("system"),
            file("user"),
            file("repository"),
            file("repository"),
            file("local"),
            Origin::Env("ESKER_JOBS".into()),
            Origin::Flag,
        ];
        let expected = origins.into_iter().zip([0usize, 1, 2, 3, 3, 4, 5, 6]);
        assert!(seen.into_iter().eq(expected.map(|(o, n)| (n.to_string(), n, o))));
        let config = Config::load(&files, &env, &flags).expect("load");
        assert_eq!(config.get_all("core.jobs").len(), 7);
    }

    #[test]
    fn unknown_keys_are_kept_and_reported() {
        let dir = tempfile::tempdir().expect("tempdir");
        let text =
            "[core]\njosb = 1\n[remote.\"my.host\"]\nurl = \"s3://b\"\n[later]\nx = [1, 2]\n";
        let user = written(dir.path(), "user", text);
        let origin = Origin::File(user.clone().expect("written"));
        let config = Config::load(&Files { user, ..Files::default() }, &[], &[]).expect("load");
        let unknown: Vec<_> = config.unknown_keys().collect();
        assert_eq!(unknown, [("core.josb", &origin), ("later.x", &origin)]);
        assert_eq!(config.get("later.x").expect("kept").value, "[1, 2]");
        let url = config.get(r#" remote . 'my.host' .url"#).expect("kept");
        assert_eq!(url.value, "s3://b");
        assert!(config.list().any(|(key, _)| key == r#"remote."my.host".url"#));
    }

    #[test]
    fn wrong_values_say_where_they_are() {
        let env = pairs(&[("ESKER_JOBS", "many"), ("ESKER_VERIFY_WRITES", "")]);
        let config = Config::load(&Files::default(), &env, &[]).expect("load");
        let error = config.settings().expect_err("not a number").to_string();
        assert!(
            error.starts_with("core.jobs (environment ESKER_JOBS): 'many' is not a number"),
            "{error}"
        );
        for (key, value) in [
            ("core.jobs", "-1"),
            ("core.compression_level", "23"),
            ("core.compression_level", "fast"),
            ("core.verify_writes", "si"),
            ("ui.color", "blue"),
        ] {
            let flags = pairs(&[(key, value)]);
            let config = Config::load(&Files::default(), &[], &flags).expect("load");
            let error = config.settings().expect_err(key);
            assert!(matches!(error, ConfigError::BadValue { origin: Origin::Flag, .. }), "{error}");
        }
        let flags = pairs(&[("core.verify_writes", "off"), ("ui.color", "always")]);
        let config = Config::load(&Files::default(), &[], &flags).expect("load");
        let settings = config.settings().expect("valid");
        assert_eq!((settings.core.verify_writes, settings.ui.color), (false, ColorChoice::Always));
    }

    #[test]
    fn broken_files_and_keys_are_errors() {
        let dir = tempfile::tempdir().expect("tempdir");
        for text in [&b"[core\njobs = 1"[..], b"a = \xff", b"a = 1\na = 2"] {
            let path = dir.path().join("user");
            fs::write(&path, text).expect("write");
            let result = Config::load(&Files { user: Some(path), ..Files::default() }, &[], &[]);
            assert!(matches!(result, Err(ConfigError::Syntax { .. })), "{result:?}");
        }
        for key in ["", "name", "a..b", ".a", "a b.c", "a.\"b"] {
            assert!(matches!(canonical_key(key), Err(ConfigError::BadKey { .. })), "{key}");
        }
    }

    #[test]
    fn the_author_is_completed_from_git() {
        let dir = tempfile::tempdir().expect("tempdir");
        let git = written(dir.path(), ".gitconfig", "[user]\n\tname = Git\n\temail = g@x\n");
        let git = vec![git.expect("written")];
        let with = |env: &[(&str, &str)]| {
            let env = pairs(env);
            Config::load(&Files::default(), &env, &[]).expect("load")
        };
        let mixed = with(&[("ESKER_AUTHOR_NAME", "Ann")]).author(&git).expect("complete");
        assert_eq!((mixed.name.value, mixed.email.value), ("Ann".into(), "g@x".into()));
        assert_eq!(mixed.email.origin, Origin::File(git[0].clone()));
        let error = with(&[("ESKER_AUTHOR_NAME", "Ann")]).author(&[]).expect_err("no address");
        assert!(matches!(error, ConfigError::NoAuthor { key: "user.email" }));
        let blank = with(&[("ESKER_AUTHOR_NAME", " "), ("ESKER_AUTHOR_EMAIL", "a@x")]);
        let error = blank.author(&git).expect_err("blank");
        assert!(matches!(error, ConfigError::NoAuthor { key: "user.name" }));
    }
}
