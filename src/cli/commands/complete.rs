use std::io::Write;

use esker::ops::Context;
use esker::path::escape;

use crate::cli::args::Cli;
use crate::cli::complete::{Files, answer};
use crate::cli::help::after_help;
use crate::cli::report::{Exit, Failure};
use crate::cli::ui::Ui;

/// Say what may stand where a person is typing; for the shells' completions
///
/// Takes the words after the program's name, the last one as far as it was typed. Prints a line that is
/// `files`, `folders` or `values`, for what the shell is to add, and a line for each candidate: the text, a
/// tab, what it is.
#[derive(Debug, clap::Args)]
#[command(after_long_help = after_help!("esker complete -- checkout ma" "esker complete -- cat main:im";))]
pub struct Args {
    /// A new word begins at the cursor, which WORD does not hold
    #[arg(long)]
    new_word: bool,

    #[arg(value_name = "WORD", last = true)]
    words: Vec<String>,
}

impl Args {
    pub fn run(mut self, context: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        if self.new_word {
            self.words.push(String::new());
        }
        let mut root = Cli::command();
        root.build();
        let answer = answer(&root, &self.words, context);
        let mode = match answer.files {
            Files::None => "values",
            Files::All => "files",
            Files::Folders => "folders",
        };
        writeln!(ui.out, "{mode}")?;
        for candidate in &answer.candidates {
            // What cannot be shown as it is cannot be completed line by line.
            if escape(&candidate.value) == candidate.value {
                writeln!(ui.out, "{}\t{}", candidate.value, escape(&candidate.note))?;
            }
        }
        Ok(Exit::Done)
    }
}
