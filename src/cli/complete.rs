//! What may stand where a person is typing: read from the one definition of the command line, and from
//! the repository.
//!
//! The name of a value in the definition says what completes it: `REV`, `BRANCH`, `TAG`, `PATH`, `DIR`,
//! `KEY`, `TOPIC`, `REV:PATH`. Anything else is completed by nothing.

use clap::{Arg, Command};
use esker::ops::Context;
use esker::ops::complete::{self, Candidate, CompleteWhat};
use esker::ops::config::{self, ConfigAction, ConfigOptions, ConfigScope};

use super::external;
use super::help::topics;

/// What a shell adds of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Files {
    /// Nothing.
    #[default]
    None,
    /// Files and folders of the disk.
    All,
    /// Folders of the disk.
    Folders,
}

/// What may stand at the cursor.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// Texts that begin with what was typed.
    pub candidates: Vec<Candidate>,
    /// What the shell adds.
    pub files: Files,
}

/// Completes the last of `words`, which follow the program's name. `root` is built.
pub fn answer(root: &Command, words: &[String], context: &Context) -> Answer {
    let Some((typed, before)) = words.split_last() else { return Answer::default() };
    let cursor = Cursor::find(root, before);
    let mut context = context.clone();
    if let Some(dir) = &cursor.directory {
        let dir = context.start_dir.join(dir);
        context.start_dir = dir.canonicalize().unwrap_or(dir);
    }
    let mut answer = cursor.complete(typed, &context);
    answer.candidates.retain(|candidate| candidate.value.starts_with(typed.as_str()));
    answer
}

/// The place in a command line that was reached.
struct Cursor<'c> {
    command: &'c Command,
    /// Whether `command` is the program itself.
    is_top: bool,
    /// How many positional arguments came before.
    position: usize,
    /// The flag whose value comes next.
    flag: Option<&'c Arg>,
    /// Whether `--` came before.
    is_after_separator: bool,
    /// The value of `-C`.
    directory: Option<String>,
}

impl<'c> Cursor<'c> {
    fn find(root: &'c Command, before: &[String]) -> Self {
        let mut cursor = Self {
            command: root,
            is_top: true,
            position: 0,
            flag: None,
            is_after_separator: false,
            directory: None,
        };
        before.iter().for_each(|word| cursor.pass(word));
        cursor
    }

    fn pass(&mut self, word: &str) {
        if let Some(flag) = self.flag.take() {
            if flag.get_id() == "directory" {
                self.directory = Some(word.to_owned());
            }
        } else if self.is_after_separator {
            self.position += 1;
        } else if word == "--" {
            self.is_after_separator = true;
            self.position = 0;
        } else if let Some(long) = word.strip_prefix("--") {
            self.flag = self.long(long).filter(|flag| takes_value(flag));
        } else if let Some(letters) = word.strip_prefix('-').filter(|letters| !letters.is_empty()) {
            // A value may follow its letter at once.
            let valued = letters.char_indices().find_map(|(at, letter)| {
                let flag = self.short(letter).filter(|flag| takes_value(flag))?;
                Some((flag, at + letter.len_utf8() == letters.len()))
            });
            self.flag = valued.and_then(|(flag, is_last)| is_last.then_some(flag));
        } else if let Some(command) = self.subcommand(word) {
            (self.command, self.is_top) = (command, false);
        } else {
            self.position += 1;
        }
    }

    fn subcommand(&self, word: &str) -> Option<&'c Command> {
        self.command.find_subcommand(word).filter(|_| self.position == 0)
    }

    fn long(&self, name: &str) -> Option<&'c Arg> {
        self.command.get_arguments().find(|arg| arg.get_long() == Some(name))
    }

    fn short(&self, letter: char) -> Option<&'c Arg> {
        self.command.get_arguments().find(|arg| arg.get_short() == Some(letter))
    }

    fn complete(&self, typed: &str, context: &Context) -> Answer {
        if let Some(flag) = self.flag {
            return values(flag, typed, context);
        }
        if !self.is_after_separator && typed.starts_with('-') {
            if let Some((name, value)) = typed.strip_prefix("--").and_then(|t| t.split_once('=')) {
                let Some(flag) = self.long(name) else { return Answer::default() };
                return prefixed(&format!("--{name}="), values(flag, value, context));
            }
            return Answer { candidates: self.flags(), files: Files::None };
        }
        let mut answer = match self.positional() {
            Some(arg) => values(arg, typed, context),
            None => Answer::default(),
        };
        if self.position == 0 && !self.is_after_separator {
            answer.candidates.extend(self.subcommands());
        }
        answer
    }

    fn positional(&self) -> Option<&'c Arg> {
        let mut all = self.command.get_positionals();
        if self.is_after_separator
            && let Some(last) = self.command.get_positionals().find(|arg| arg.is_last_set())
        {
            return Some(last);
        }
        let many = |arg: &&Arg| arg.get_num_args().is_some_and(|n| n.max_values() > 1);
        let all_before = || self.command.get_positionals().filter(|arg| !arg.is_last_set());
        all.nth(self.position)
            .filter(|arg| !arg.is_last_set())
            .or_else(|| all_before().last().filter(many))
    }

    fn flags(&self) -> Vec<Candidate> {
        let shown = self.command.get_arguments().filter(|arg| !arg.is_hide_set());
        let candidate = |arg: &Arg| {
            let value = format!("--{}", arg.get_long()?);
            Some(Candidate { value, note: first_line(arg.get_help()) })
        };
        shown.filter_map(candidate).collect()
    }

    fn subcommands(&self) -> Vec<Candidate> {
        let shown = self.command.get_subcommands().filter(|command| !command.is_hide_set());
        let candidate = |command: &Command| Candidate {
            value: command.get_name().to_owned(),
            note: first_line(command.get_about()),
        };
        let mut found: Vec<Candidate> = shown.map(candidate).collect();
        if self.is_top {
            let note = || "a program on PATH".to_owned();
            found.extend(
                external::names().into_iter().map(|value| Candidate { value, note: note() }),
            );
        }
        found
    }
}

fn takes_value(arg: &Arg) -> bool {
    arg.get_action().takes_values()
}

fn first_line(text: Option<&clap::builder::StyledStr>) -> String {
    let text = text.map(ToString::to_string).unwrap_or_default();
    text.lines().next().unwrap_or_default().to_owned()
}

/// Puts what the shell takes for part of the word before each candidate.
fn prefixed(prefix: &str, mut answer: Answer) -> Answer {
    answer.candidates.iter_mut().for_each(|c| c.value.insert_str(0, prefix));
    answer
}

fn values(arg: &Arg, typed: &str, context: &Context) -> Answer {
    let possible = arg.get_possible_values();
    if !possible.is_empty() {
        let candidate = |value: &clap::builder::PossibleValue| Candidate {
            value: value.get_name().to_owned(),
            note: first_line(value.get_help()),
        };
        return named(
            possible.iter().filter(|value| !value.is_hide_set()).map(candidate).collect(),
        );
    }
    let names = arg.get_value_names().unwrap_or_default();
    let name = names.first().map(|name| name.as_str()).unwrap_or_default();
    let ask = |what| complete::run(context, &what).unwrap_or_default();
    match name {
        "PATH" | "FILE" => Answer { files: Files::All, ..Answer::default() },
        "DIR" | "FOLDER" => Answer { files: Files::Folders, ..Answer::default() },
        "BRANCH" => named(ask(CompleteWhat::Branches)),
        "TAG" => named(ask(CompleteWhat::Tags)),
        "KEY" => named(keys(context)),
        "TOPIC" => named(topics()),
        _ if name.starts_with("REV") || name == "COMMIT" || name == "START" => {
            revision(typed, name.contains(":PATH"), &ask)
        }
        _ => Answer::default(),
    }
}

fn named(candidates: Vec<Candidate>) -> Answer {
    Answer { candidates, files: Files::None }
}

/// A revision, a range of them, or a path of one.
fn revision(typed: &str, has_path: bool, ask: &dyn Fn(CompleteWhat) -> Vec<Candidate>) -> Answer {
    if let Some((revision, path)) = typed.split_once(':').filter(|_| has_path) {
        let what = CompleteWhat::Paths {
            revision: Some(revision.to_owned()).filter(|revision| !revision.is_empty()),
            typed: path.to_owned(),
        };
        return prefixed(&format!("{revision}:"), named(ask(what)));
    }
    // What comes after the dots of a range.
    let start = typed.rfind("..").map_or(0, |at| at + 2);
    let start = start + typed[start..].bytes().take_while(|byte| *byte == b'.').count();
    prefixed(&typed[..start], named(ask(CompleteWhat::Revisions)))
}

fn keys(context: &Context) -> Vec<Candidate> {
    let options = ConfigOptions { action: ConfigAction::List, scope: ConfigScope::default() };
    let entries = config::run(context, &options).map(|outcome| outcome.entries).unwrap_or_default();
    entries.into_iter().map(|entry| Candidate { value: entry.key, note: entry.value }).collect()
}
