use std::io::{self, Write};

use esker::ops::{Context, OpError};

use crate::cli::args::{self, Cli};
use crate::cli::concepts::{CONCEPTS, Concept};
use crate::cli::external;
use crate::cli::help::after_help;
use crate::cli::render::markdown;
use crate::cli::report::{Exit, Failure};
use crate::cli::term;
use crate::cli::ui::Ui;

/// Explain a command or a concept
///
/// Without a topic, lists all commands and concepts.
#[derive(Debug, clap::Args)]
#[command(after_long_help = after_help!("esker help" "esker help add" "esker help recovery";))]
pub struct Args {
    /// A command, or a concept such as identity or recovery
    #[arg(value_name = "TOPIC")]
    topics: Vec<String>,
}

impl Args {
    pub fn run(self, context: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        ui.page(context);
        let mut root = args::with_programs(Cli::command());
        root.build();
        if let Some(command) = find(&mut root, &self.topics) {
            let text = command.render_long_help();
            match ui.has_color() {
                true => write!(ui.out, "{}", text.ansi())?,
                false => write!(ui.out, "{text}")?,
            }
            return Ok(Exit::Done);
        }
        let topic = self.topics.join(" ");
        if let Some(concept) = Concept::find(&topic) {
            let palette = ui.palette;
            markdown::page(&mut ui.out, &palette, concept.text, term::columns().min(100))?;
            return Ok(Exit::Done);
        }
        if external::program(&topic).is_some() {
            return Ok(says(
                ui,
                &format!("'{topic}' is a program of its own: esker {topic} --help"),
            )?);
        }
        Err(unknown(&root, topic).into())
    }
}

fn says(ui: &mut Ui, text: &str) -> io::Result<Exit> {
    writeln!(ui.out, "{text}")?;
    Ok(Exit::Done)
}

/// The command, or command of a command, that the words name; the program itself without any.
fn find<'c>(root: &'c mut clap::Command, words: &[String]) -> Option<&'c mut clap::Command> {
    words.iter().try_fold(root, |command, word| command.find_subcommand_mut(word))
}

fn unknown(root: &clap::Command, topic: String) -> OpError {
    let commands = root.get_subcommands().filter(|c| !c.is_hide_set()).map(|c| c.get_name());
    let names = commands.chain(CONCEPTS.iter().map(|concept| concept.name));
    let hint = match esker::ops::similar(&topic, names) {
        Some(name) => format!("did you mean '{name}'? esker help {name}"),
        None => "see all commands and concepts: esker help".to_owned(),
    };
    OpError::Usage { message: format!("no command or concept '{topic}'"), hint: Some(hint) }
}
