//! Changes to one configuration file. Comments, order and everything esker does not know stay.

use super::keys::{self, Typed};
use super::{ConfigError, Origin, canonical_key, parse_key, read_document};
use crate::fsio::{self, AtPath};
use std::path::Path;
use toml_edit::{DocumentMut, Item, Key, Table, TableLike, Value};

/// Sets a key in a file, which is made, with its folders, when it is not there.
///
/// A key esker knows takes only its values. The value of another key is written as a TOML boolean or
/// integer if it reads as one, and as text otherwise.
pub fn set(path: &Path, key: &str, value: &str) -> Result<(), ConfigError> {
    let parts = parse_key(key)?;
    let mut document = read_document(path)?.unwrap_or_default();
    let value = typed_value(&canonical_key(key)?, value)?;
    let not_a_table = || ConfigError::NotATable { key: key.into() };
    let (last, sections) = parts.split_last().expect("a key has two parts");
    let table = section(&mut document, sections).ok_or_else(not_a_table)?;
    match table.get_mut(last.get()) {
        Some(item) if item.is_table_like() => return Err(not_a_table()),
        Some(Item::Value(old)) => replace_value(old, value),
        _ => {
            table.insert(last.get(), Item::Value(value));
        }
    }
    write(path, &document)
}

/// Removes a key, or a whole section such as `remote.origin`; says whether it was there.
pub fn unset(path: &Path, key: &str) -> Result<bool, ConfigError> {
    let parts = parse_key(key)?;
    let Some(mut document) = read_document(path)? else { return Ok(false) };
    let (last, sections) = parts.split_last().expect("a key has two parts");
    let mut table: &mut dyn TableLike = document.as_table_mut();
    for part in sections {
        match table.get_mut(part.get()).and_then(Item::as_table_like_mut) {
            Some(inner) => table = inner,
            None => return Ok(false),
        }
    }
    if table.remove(last.get()).is_none() {
        return Ok(false);
    }
    write(path, &document).map(|()| true)
}

/// Finds a section, making what is missing of it; `None` when a value is in the way.
fn section<'d>(document: &'d mut DocumentMut, parts: &[Key]) -> Option<&'d mut dyn TableLike> {
    let mut table: &mut dyn TableLike = document.as_table_mut();
    for (depth, part) in parts.iter().enumerate() {
        let mut fresh = Table::new();
        // `[remote.origin]` needs no `[remote]` above it.
        fresh.set_implicit(depth + 1 < parts.len());
        let item = table.entry(part.get()).or_insert(Item::Table(fresh));
        table = item.as_table_like_mut()?;
    }
    Some(table)
}

/// Keeps the blanks before and the comment behind the old value.
fn replace_value(old: &mut Value, mut new: Value) {
    *new.decor_mut() = old.decor().clone();
    *old = new;
}

fn typed_value(key: &str, text: &str) -> Result<Value, ConfigError> {
    let typed = match keys::find(key) {
        Some(rule) => rule.parse(text).map_err(|e| keys::bad_value(key, text, Origin::Flag, e))?,
        None => match (text.parse(), text.parse()) {
            (Ok(flag), _) => Typed::Bool(flag),
            (_, Ok(number)) => Typed::Integer(number),
            _ => Typed::Text(text.into()),
        },
    };
    Ok(match typed {
        Typed::Text(text) => text.into(),
        Typed::Integer(number) => number.into(),
        Typed::Bool(flag) => flag.into(),
    })
}

/// Writes the file a link leads to: people keep their configuration in one place and link to it.
fn write(path: &Path, document: &DocumentMut) -> Result<(), ConfigError> {
    let target = match std::fs::canonicalize(path).at("open", path) {
        Err(e) if e.is_not_found() => path.into(),
        result => result?,
    };
    if let Some(dir) = target.parent() {
        std::fs::create_dir_all(dir).at("create", dir)?;
    }
    Ok(fsio::write_atomic(&target, document.to_string().as_bytes())?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn edited(text: &str, edit: impl FnOnce(&Path)) -> String {
        let dir = tempfile::tempdir().expect("tempdir");
        let path = dir.path().join("config.toml");
        fs::write(&path, text).expect("write");
        edit(&path);
        fs::read_to_string(&path).expect("read")
    }

    fn after_set(text: &str, key: &str, value: &str) -> String {
        edited(text, |path| set(path, key, value).expect(key))
    }

    const COMMENTED: &str = "\
# my settings
[core] # machine
jobs   =  2   # two
# later
future = { a = 1 }

[user]
name = 'Ann' # me
";

    #[test]
    fn setting_a_value_changes_nothing_else() {
        let expected = COMMENTED.replace("jobs   =  2 ", "jobs   =  8 ");
        assert_eq!(after_set(COMMENTED, "core.jobs", "8"), expected);
        let expected = COMMENTED.replace("'Ann'", "'Bob \"B\"'");
        assert_eq!(after_set(COMMENTED, "user.name", "Bob \"B\""), expected);
        let expected = COMMENTED.replace("a = 1 }", "a = 1 , b = 2 }");
        assert_eq!(after_set(COMMENTED, "core.future.b", "2"), expected);
        assert_eq!(
            after_set(COMMENTED, "user.email", "a@x"),
            format!("{COMMENTED}email = \"a@x\"\n")
        );
        let remote = after_set(COMMENTED, "remote.\"my.host\".url", "s3://b");
        assert_eq!(remote, format!("{COMMENTED}\n[remote.\"my.host\"]\nurl = \"s3://b\"\n"));
    }

    #[test]
    fn a_file_is_made_with_its_folders() {
        let dir = tempfile::tempdir().expect("tempdir");
        let path = dir.path().join("config/esker/config.toml");
        set(&path, "user.name", "Ann").expect("made");
        assert_eq!(fs::read_to_string(&path).expect("read"), "[user]\nname = \"Ann\"\n");
    }

    #[test]
    fn values_are_written_in_their_type() {
        assert_eq!(after_set("", "core.verify_writes", "no"), "[core]\nverify_writes = false\n");
        assert_eq!(after_set("", "user.name", "1"), "[user]\nname = \"1\"\n");
        assert_eq!(after_set("", "x.y", "1"), "[x]\ny = 1\n");
        assert_eq!(after_set("", "x.y", "true"), "[x]\ny = true\n");
        assert_eq!(after_set("", "x.y", "a\nb"), "[x]\ny = \"\"\"\na\nb\"\"\"\n");
    }

    #[test]
    fn what_cannot_be_set_leaves_the_file_alone() {
        let text = edited(COMMENTED, |path| {
            assert!(matches!(set(path, "core.jobs", "x"), Err(ConfigError::BadValue { .. })));
            assert!(matches!(set(path, "core.jobs.x", "1"), Err(ConfigError::NotATable { .. })));
            assert!(matches!(set(path, "core.future", "1"), Err(ConfigError::NotATable { .. })));
            assert!(matches!(set(path, "jobs", "1"), Err(ConfigError::BadKey { .. })));
            assert!(!unset(path, "core.absent").expect("fine"));
            assert!(!unset(path, "core.jobs.absent").expect("fine"));
        });
        assert_eq!(text, COMMENTED);
    }

    #[test]
    fn unsetting_takes_a_key_or_a_section() {
        let text = edited(COMMENTED, |path| assert!(unset(path, "user.name").expect("there")));
        assert_eq!(text, COMMENTED.replace("name = 'Ann' # me\n", ""));
        let two = "[remote.a]\nurl = 1\n\n# b\n[remote.b]\nurl = 2\n";
        let text = edited(two, |path| assert!(unset(path, "remote.a").expect("there")));
        assert_eq!(text.trim_start(), "# b\n[remote.b]\nurl = 2\n");
        let absent = Path::new("no/such/file.toml");
        assert!(!unset(absent, "a.b").expect("nothing to do"));
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_a_link() {
        let dir = tempfile::tempdir().expect("tempdir");
        let (real, link) = (dir.path().join("real"), dir.path().join("link"));
        fs::write(&real, "").expect("write");
        std::os::unix::fs::symlink(&real, &link).expect("link");
        set(&link, "core.jobs", "3").expect("set");
        assert!(fs::symlink_metadata(&link).expect("there").is_symlink());
        assert_eq!(fs::read_to_string(&real).expect("read"), "[core]\njobs = 3\n");
    }
}
