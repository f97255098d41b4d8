//! What the terminal can show: colours, and the styles they stand for.

use std::io::IsTerminal;

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};

use super::args::When;

/// One style for each meaning; all empty where colours are off.
#[derive(Clone, Copy, Debug, Default)]
pub struct Palette {
    /// Ids.
    pub id: Style,
    /// Branches, and what is as it should be.
    pub good: Style,
    /// What is not staged, not known or damaged.
    pub bad: Style,
    /// What a person should notice.
    pub warning: Style,
    /// The word `error`.
    pub error: Style,
    /// The word `hint`.
    pub hint: Style,
    /// Directories.
    pub directory: Style,
    /// Headings.
    pub strong: Style,
}

impl Palette {
    fn colored() -> Self {
        Self {
            id: AnsiColor::Yellow.on_default(),
            good: AnsiColor::Green.on_default(),
            bad: AnsiColor::Red.on_default(),
            warning: AnsiColor::Yellow.on_default().bold(),
            error: AnsiColor::Red.on_default().bold(),
            hint: AnsiColor::Cyan.on_default(),
            directory: AnsiColor::Blue.on_default().bold(),
            strong: Style::new().bold(),
        }
    }

    /// The styles for standard output.
    pub fn for_stdout(when: When) -> Self {
        Self::by(when, AutoStream::choice(&std::io::stdout()))
    }

    /// The styles for standard error.
    pub fn for_stderr(when: When) -> Self {
        Self::by(when, AutoStream::choice(&std::io::stderr()))
    }

    /// `detected` follows the terminal, `NO_COLOR`, `CLICOLOR` and `CLICOLOR_FORCE`.
    fn by(when: When, detected: ColorChoice) -> Self {
        let is_on = match when {
            When::Always => true,
            When::Never => false,
            When::Auto => detected != ColorChoice::Never,
        };
        if is_on { Self::colored() } else { Self::default() }
    }
}

/// Columns of the terminal; 80 where there is none.
pub fn columns() -> usize {
    terminal_size::terminal_size().map_or(80, |(width, _)| usize::from(width.0))
}

/// Whether a person can answer: both ends are a terminal.
pub fn is_interactive() -> bool {
    std::io::stdin().is_terminal() && std::io::stdout().is_terminal()
}
