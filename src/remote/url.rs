//! Where something is: `URL[@rev][:path]`.
//!
//! After `scheme://authority/`, or a path that exists, the first unescaped `@` ends the location and
//! the first `:` after it begins the path; `%40` and `%3A` stand for the characters themselves.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::fsio;
use crate::path::escape;

/// The place of a remote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// A folder of this machine, or one mounted on it.
    Folder(PathBuf),
    /// Keys of a bucket that begin with a prefix.
    S3 {
        /// The bucket.
        bucket: String,
        /// Without `/` at either end; may be empty.
        prefix: String,
    },
}

/// A location that cannot be one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{}' is not a location: {why}", escape(.text))]
pub struct LocationError {
    /// As given.
    pub text: String,
    /// What is wrong with it.
    pub why: &'static str,
}

/// A location with the revision and the path that were named with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// The location as text, to be parsed by [`Location::parse`].
    pub location: String,
    /// What stood behind `@`.
    pub revision: Option<String>,
    /// What stood behind `:`.
    pub path: Option<String>,
}

impl Location {
    /// Reads a location; a relative path is one below `base`.
    pub fn parse(text: &str, base: &Path) -> Result<Self, LocationError> {
        let bad = |why| LocationError { text: text.to_owned(), why };
        if text.is_empty() {
            return Err(bad("it is empty"));
        }
        match text.split_once("://") {
            Some(("s3", rest)) => parse_s3(rest).map_err(bad),
            Some(("file", rest)) => parse_file(rest).map_err(bad),
            Some((scheme, _)) if is_scheme(scheme) => {
                Err(bad("only s3:// and file:// are known, and paths"))
            }
            _ => Ok(Self::Folder(fsio::without_dots(&base.join(unescape(text))))),
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(path) => f.write_str(&escape(&path.to_string_lossy())),
            Self::S3 { bucket, prefix } if prefix.is_empty() => write!(f, "s3://{bucket}"),
            Self::S3 { bucket, prefix } => write!(f, "s3://{bucket}/{prefix}"),
        }
    }
}

/// Whether a text begins with a scheme, as URLs do.
pub fn has_scheme(text: &str) -> bool {
    text.split_once("://").is_some_and(|(scheme, _)| is_scheme(scheme))
}

fn is_scheme(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphabetic())
        && text.len() > 1
        && chars.all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
}

fn parse_s3(rest: &str) -> Result<Location, &'static str> {
    let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    if bucket.contains('@') {
        return Err("credentials do not belong into a location; they come from the environment");
    }
    let is_right = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
    if bucket.len() < 3 || bucket.len() > 63 || !bucket.chars().all(is_right) {
        return Err("a bucket's name has 3 to 63 letters, digits, '-' and '.'");
    }
    let prefix = unescape(prefix.trim_matches('/'));
    let is_odd = |part: &str| part.is_empty() || part == "." || part == "..";
    if !prefix.is_empty() && prefix.split('/').any(is_odd) {
        return Err("a part of the prefix is empty, '.' or '..'");
    }
    if prefix.chars().any(char::is_control) || prefix.len() > 512 {
        return Err("the prefix is too long or holds control characters");
    }
    Ok(Location::S3 { bucket: bucket.to_owned(), prefix })
}

fn parse_file(rest: &str) -> Result<Location, &'static str> {
    let path = rest.strip_prefix("localhost").unwrap_or(rest);
    match path.starts_with('/') {
        true => Ok(Location::Folder(PathBuf::from(unescape(path)))),
        false => Err("file:// takes an absolute path, as in file:///srv/data"),
    }
}

/// `%40` and `%3A` (and `%25`, which lets one write those) as the characters they stand for.
fn unescape(text: &str) -> String {
    let pairs = [("%40", "@"), ("%3A", ":"), ("%3a", ":"), ("%25", "%")];
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        let (before, after) = rest.split_at(at);
        out.push_str(before);
        match pairs.iter().find(|(code, _)| after.starts_with(code)) {
            Some((code, character)) => {
                out.push_str(character);
                rest = &after[code.len()..];
            }
            None => {
                out.push('%');
                rest = &after[1..];
            }
        }
    }
    out + rest
}

/// Splits `URL[@rev][:path]`. `exists` says whether a path of this machine is there.
pub fn split(text: &str, exists: impl Fn(&str) -> bool) -> Address {
    let start = match text.split_once("://") {
        // The authority may hold '@' and ':' of its own.
        Some((scheme, rest)) if is_scheme(scheme) => {
            text.len() - rest.len() + rest.find('/').unwrap_or(rest.len())
        }
        _ => longest_existing(text, &exists),
    };
    let (location, rest) = match text[start..].find('@') {
        Some(at) => text.split_at(start + at),
        None => match text[start..].find(':') {
            Some(at) => text.split_at(start + at),
            None => (text, ""),
        },
    };
    let (revision, path) = match rest.strip_prefix('@') {
        Some(rest) => {
            let (revision, path) = revision_and_path(rest);
            (Some(revision), path)
        }
        None => (None, rest.strip_prefix(':')),
    };
    let text_of = |part: &str| unescape(part);
    Address {
        location: location.to_owned(),
        revision: revision.filter(|r| !r.is_empty()).map(text_of),
        path: path.filter(|p| !p.is_empty()).map(text_of),
    }
}

/// Splits at the first `:` outside `@{…}`.
fn revision_and_path(text: &str) -> (&str, Option<&str>) {
    let mut in_braces = false;
    for (at, c) in text.char_indices() {
        match c {
            '{' if text[..at].ends_with('@') => in_braces = true,
            '}' => in_braces = false,
            ':' if !in_braces => return (&text[..at], Some(&text[at + 1..])),
            _ => {}
        }
    }
    (text, None)
}

/// Length of the longest beginning, up to an `@`, a `:` or the end, that is a path which exists.
fn longest_existing(text: &str, exists: &impl Fn(&str) -> bool) -> usize {
    let ends = text.char_indices().filter(|(_, c)| "@:".contains(*c)).map(|(at, _)| at);
    let mut ends: Vec<usize> = ends.chain([text.len()]).collect();
    ends.reverse();
    // A drive letter is part of the path, whether it exists or not.
    let drive = text.as_bytes().get(1) == Some(&b':')
        && text.as_bytes()[0].is_ascii_alphabetic()
        && matches!(text.as_bytes().get(2), Some(b'\\' | b'/'));
    let least = if drive { 2 } else { 0 };
    ends.into_iter().find(|&end| end > least && exists(&unescape(&text[..end]))).unwrap_or(least)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> (String, Option<String>, Option<String>) {
        let there = ["/data/set", "team@site/set", "a:b", "."];
        let Address { location, revision, path } = split(text, |path| there.contains(&path));
        (location, revision, path)
    }

    #[test]
    fn locations_revisions_and_paths_come_apart() {
        // Text; location, revision, path.
        let cases = [
            ("s3://bucket", "s3://bucket", "", ""),
            ("s3://bucket/set", "s3://bucket/set", "", ""),
            ("s3://bucket/set@v1", "s3://bucket/set", "v1", ""),
            ("s3://bucket/set@v1:a/b.csv", "s3://bucket/set", "v1", "a/b.csv"),
            ("s3://bucket/set:a/b.csv", "s3://bucket/set", "", "a/b.csv"),
            ("s3://bucket/set@feature/x:a", "s3://bucket/set", "feature/x", "a"),
            ("s3://bucket/set@main@{1}:a", "s3://bucket/set", "main@{1}", "a"),
            (
                "s3://bucket/set@main@{2024-01-01 10:00}:a",
                "s3://bucket/set",
                "main@{2024-01-01 10:00}",
                "a",
            ),
            ("s3://bucket/a%40b@v1", "s3://bucket/a%40b", "v1", ""),
            ("s3://bucket/set@v1:a%3Ab", "s3://bucket/set", "v1", "a:b"),
            ("sftp://me@host:22/set@v1:x", "sftp://me@host:22/set", "v1", "x"),
            ("sftp://me@host:22/set", "sftp://me@host:22/set", "", ""),
            ("file:///data/set@v1", "file:///data/set", "v1", ""),
            ("/data/set", "/data/set", "", ""),
            ("/data/set@v1:a", "/data/set", "v1", "a"),
            ("/data/set:a", "/data/set", "", "a"),
            ("team@site/set@v1", "team@site/set", "v1", ""),
            ("a:b@v1:c", "a:b", "v1", "c"),
            (".@v1", ".", "v1", ""),
            ("/new/place@v1", "/new/place", "v1", ""),
            (r"C:\x@v1", r"C:\x", "v1", ""),
            (r"C:\x:a", r"C:\x", "", "a"),
            ("s3://bucket/set@:a", "s3://bucket/set", "", "a"),
        ];
        for (text, location, revision, path) in cases {
            let some = |s: &str| (!s.is_empty()).then(|| s.to_owned());
            assert_eq!(parts(text), (location.to_owned(), some(revision), some(path)), "{text}");
        }
    }

    #[test]
    fn locations_are_parsed_and_shown_alike() {
        let base = Path::new("/base");
        let s3 = |bucket: &str, prefix: &str| Location::S3 {
            bucket: bucket.into(),
            prefix: prefix.into(),
        };
        let folder = |path: &str| Location::Folder(path.into());
        let cases = [
            ("s3://bucket/a/b/", s3("bucket", "a/b"), "s3://bucket/a/b"),
            ("s3://bucket", s3("bucket", ""), "s3://bucket"),
            ("s3://bucket/a%40b", s3("bucket", "a@b"), "s3://bucket/a@b"),
            ("file:///srv/x", folder("/srv/x"), "/srv/x"),
            ("file://localhost/srv/x", folder("/srv/x"), "/srv/x"),
            ("../x", folder("/x"), "/x"),
            ("/srv/100%", folder("/srv/100%"), "/srv/100%"),
        ];
        for (text, location, shown) in cases {
            let parsed = Location::parse(text, base).expect(text);
            assert_eq!((parsed.to_string().as_str(), &parsed), (shown, &location));
        }
        for text in [
            "",
            "s3://",
            "s3://a",
            "s3://key:secret@bucket/x",
            "s3://bucket/a/../b",
            "file://x/y",
            "gs://bucket",
            "s3://bucket/a//b",
        ] {
            assert!(Location::parse(text, base).is_err(), "{text}");
        }
    }
}
