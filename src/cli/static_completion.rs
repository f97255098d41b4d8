//! Completions that ask no program: commands, flags and their values, written from the one definition.

use clap::{Arg, Command, ValueHint};
use clap_complete::Shell;

use super::generate::{Page, leaked, shown};

const FILES: [(Shell, &str); 4] = [
    (Shell::Bash, "esker.bash"),
    (Shell::Zsh, "_esker"),
    (Shell::Fish, "esker.fish"),
    (Shell::PowerShell, "esker.ps1"),
];

/// A script for each shell. `root` is not built.
pub fn pages(root: &Command) -> Vec<Page> {
    let page = |(shell, name): (Shell, &str)| {
        let mut bytes = Vec::new();
        clap_complete::generate(shell, &mut plain(root), "esker", &mut bytes);
        let text = String::from_utf8_lossy(&bytes);
        // Lines that end in blanks are what editors change by accident.
        let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
        (name.to_owned(), (lines.join("\n") + "\n").into_bytes())
    };
    FILES.into_iter().map(page).collect()
}

/// The command without what is hidden and without long texts, and with what each value is completed by.
fn plain(command: &Command) -> Command {
    let mut plain = Command::new(leaked(command.get_name()))
        .disable_help_subcommand(true)
        .args(command.get_arguments().filter(|arg| !arg.is_hide_set()).map(hinted))
        .subcommands(shown(command).map(plain));
    if let Some(about) = command.get_about() {
        plain = plain.about(about.clone());
    }
    match command.get_version() {
        Some(version) => plain.version(leaked(version)),
        None => plain,
    }
}

/// The name of a value in the definition says what completes it.
fn hinted(arg: &Arg) -> Arg {
    if !arg.get_action().takes_values() || !arg.get_possible_values().is_empty() {
        return arg.clone();
    }
    let names = arg.get_value_names().unwrap_or_default();
    let hint = match names.first().map(|name| name.as_str()) {
        Some("PATH" | "FILE" | "REV|PATH") => ValueHint::AnyPath,
        Some("DIR" | "FOLDER") => ValueHint::DirPath,
        _ => ValueHint::Other,
    };
    arg.clone().value_hint(hint)
}
