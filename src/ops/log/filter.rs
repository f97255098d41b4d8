//! Which commits a person looks for: by date, author, message, metadata and number of parents.

use regex_automata::meta::Regex;
use regex_automata::util::syntax;

use super::LogOptions;
use crate::date;
use crate::object::commit::{Commit, Person};
use crate::ops::{Context, OpError};

/// Conditions on a commit; all must hold.
pub(super) struct Filter {
    /// The earliest date, in seconds since 1970.
    pub since: Option<i64>,
    until: Option<i64>,
    authors: Vec<Regex>,
    messages: Vec<Regex>,
    meta: Vec<(String, Option<String>)>,
    merges: Option<bool>,
}

impl Filter {
    pub fn new(ctx: &Context, options: &LogOptions) -> Result<Self, OpError> {
        let moment = |text: &Option<String>| match text {
            Some(text) => date::parse(text, ctx.now).map(|moment| Some(moment.seconds)),
            None => Ok(None),
        };
        let expressions = |texts: &[String]| {
            let read = |text: &String| expression(text, options.ignore_case);
            texts.iter().map(read).collect::<Result<Vec<_>, _>>()
        };
        Ok(Self {
            since: moment(&options.since)?,
            until: moment(&options.until)?,
            authors: expressions(&options.authors)?,
            messages: expressions(&options.messages)?,
            meta: options.meta.clone(),
            merges: options.merges,
        })
    }

    pub fn takes(&self, commit: &Commit) -> bool {
        let time = commit.committer.seconds;
        self.since.is_none_or(|since| time >= since)
            && self.until.is_none_or(|until| time <= until)
            && self.merges.is_none_or(|merges| merges == (commit.parents.len() > 1))
            && self.has_meta(commit)
            && is_match(&self.messages, || commit.message.clone())
            && is_match(&self.authors, || shown(&commit.author))
    }

    fn has_meta(&self, commit: &Commit) -> bool {
        self.meta.iter().all(|(key, wanted)| match commit.metadata.get(key) {
            Some(value) => wanted.as_ref().is_none_or(|wanted| wanted == value),
            None => false,
        })
    }
}

/// Whether one of the expressions matches; none is no condition.
fn is_match(expressions: &[Regex], text: impl FnOnce() -> String) -> bool {
    if expressions.is_empty() {
        return true;
    }
    let text = text();
    expressions.iter().any(|expression| expression.is_match(&text))
}

fn shown(person: &Person) -> String {
    format!("{} <{}>", person.name, person.email)
}

/// An expression; `^` and `$` also stand for the ends of a line, as in git. Classes and case are those
/// of ASCII, so that no tables of Unicode are carried.
fn expression(text: &str, ignore_case: bool) -> Result<Regex, OpError> {
    let syntax = syntax::Config::new()
        .case_insensitive(ignore_case)
        .multi_line(true)
        .unicode(false)
        .utf8(false);
    Regex::builder().syntax(syntax).build(text).map_err(|e| OpError::Usage {
        message: format!(
            "'{}' is no regular expression: {}",
            crate::path::escape(text),
            reason(&e)
        ),
        hint: Some("put a \\ before letters that are meant as they are".to_owned()),
    })
}

/// The last line of the parser's message, which says what is wrong.
fn reason(error: &regex_automata::meta::BuildError) -> String {
    let detail = error.syntax_error().map_or_else(|| error.to_string(), ToString::to_string);
    let line = detail.lines().last().unwrap_or_default();
    line.trim().trim_start_matches("error: ").to_owned()
}
