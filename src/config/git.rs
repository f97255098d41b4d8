//! The name and address git was given, read from its configuration files.
//!
//! A minimal reader for `[user]`: `name` and `email`, quotes, escapes, continued lines, comments.
//! `[include]` and `[includeIf]` are not followed, and git's environment is not looked at. A line it
//! cannot read is skipped: git's files are not ours to complain about.

use super::{ConfigError, MAX_FILE_BYTES, Origin, Setting};
use crate::fsio::read_capped;
use std::path::PathBuf;

/// Who git thinks the person is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// `user.name`.
    pub name: Option<Setting>,
    /// `user.email`.
    pub email: Option<Setting>,
}

/// Reads files in ascending precedence, such as `~/.gitconfig` and `.git/config`; absent ones are
/// skipped.
pub fn identity(files: &[PathBuf]) -> Result<Identity, ConfigError> {
    let mut found = Identity::default();
    for path in files {
        let bytes = match read_capped(path, MAX_FILE_BYTES) {
            Err(e) if e.is_not_found() => continue,
            result => result?,
        };
        for (key, value) in user_values(&String::from_utf8_lossy(&bytes)) {
            let setting = Some(Setting { value, origin: Origin::File(path.clone()) });
            match key.as_str() {
                "name" => found.name = setting,
                "email" => found.email = setting,
                _ => {}
            }
        }
    }
    Ok(found)
}

/// Keys (lower case) and values of every `[user]` section.
fn user_values(text: &str) -> Vec<(String, String)> {
    let text = text.trim_start_matches('\u{feff}');
    let mut lines = text.lines();
    let (mut values, mut in_user) = (Vec::new(), false);
    while let Some(line) = lines.next() {
        let mut line = line.trim_start();
        if let Some(rest) = line.strip_prefix('[') {
            let Some((section, rest)) = rest.split_once(']') else { continue };
            in_user = section.trim().eq_ignore_ascii_case("user");
            // A key may follow on the same line.
            line = rest.trim_start();
        }
        let Some((key, value)) = line.split_once('=') else { continue };
        let value = parse_value(value, &mut lines);
        if in_user && !key.starts_with(['#', ';']) {
            values.extend(value.map(|value| (key.trim().to_ascii_lowercase(), value)));
        }
    }
    values
}

/// Reads a value and the lines it continues on; `None` when it is malformed.
fn parse_value<'t>(first: &'t str, lines: &mut impl Iterator<Item = &'t str>) -> Option<String> {
    let (mut out, mut is_quoted) = (String::new(), false);
    // Length up to which trailing blanks count, because they were quoted or escaped.
    let mut kept = 0;
    let mut chars = first.trim_start().chars();
    loop {
        match chars.next() {
            None => break,
            Some('"') => is_quoted = !is_quoted,
            Some('#' | ';') if !is_quoted => break,
            Some('\\') => match chars.next() {
                None => {
                    chars = lines.next()?.chars();
                    continue;
                }
                Some(escaped) => out.push(unescape(escaped)?),
            },
            Some(c) => {
                out.push(c);
                if !is_quoted && c.is_ascii_whitespace() {
                    continue;
                }
            }
        }
        kept = out.len();
    }
    out.truncate(kept);
    (!is_quoted).then_some(out)
}

fn unescape(escaped: char) -> Option<char> {
    match escaped {
        'n' => Some('\n'),
        't' => Some('\t'),
        'b' => Some('\u{8}'),
        '"' | '\\' => Some(escaped),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Option<String> {
        let values = user_values(text);
        values.into_iter().rev().find(|(key, _)| key == "name").map(|(_, value)| value)
    }

    #[test]
    fn names_are_read_as_git_reads_them() {
        for (text, expected) in [
            ("[user]\n\tname = Ann Example\n", Some("Ann Example")),
            ("[USER]\r\n  Name=Ann\r\n", Some("Ann")),
            ("[user] name = Ann # me", Some("Ann")),
            ("[user]\nname = Ann ; me", Some("Ann")),
            ("[user]\nname = \" Ann # B \" ; me", Some(" Ann # B ")),
            ("[user]\nname = An\"n  \"  ", Some("Ann  ")),
            ("[user]\nname = A \\\"B\\\" C\\\\", Some("A \"B\" C\\")),
            ("[user]\nname = Ann \\\n  Example", Some("Ann   Example")),
            ("[user]\nname = A\nname = B", Some("B")),
            ("\u{feff}[user]\nname = Ann", Some("Ann")),
            ("[user]\n# name = no\nname =", Some("")),
            ("[user]\n# name = no", None),
            ("[user]\nname", None),
            ("[user]\nname = \"open", None),
            ("[user]\nname = \\x", None),
            ("[user \"sub\"]\nname = Ann", None),
            ("[core]\nname = Ann", None),
            ("[user\nname = Ann", None),
            ("name = Ann", None),
            ("", None),
        ] {
            assert_eq!(name(text).as_deref(), expected, "{text:?}");
        }
    }

    #[test]
    fn a_later_file_wins_and_absent_ones_are_skipped() {
        let dir = tempfile::tempdir().expect("tempdir");
        let file = |name: &str, text: &str| {
            std::fs::write(dir.path().join(name), text).expect("write");
            dir.path().join(name)
        };
        let home = file("home", "[user]\nname = Home\nemail = h@x\n");
        let here = file("here", "[core]\nbare = false\n[user]\nname = Here\n");
        let files = [dir.path().join("absent"), home.clone(), here.clone()];
        let found = identity(&files).expect("read");
        let setting = |value: &str, path: PathBuf| {
            Some(Setting { value: value.into(), origin: Origin::File(path) })
        };
        assert_eq!(found.name, setting("Here", here));
        assert_eq!(found.email, setting("h@x", home));
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_without_panic(text: String) {
            let _ = user_values(&format!("[user]\nname = {text}"));
        }
    }
}
