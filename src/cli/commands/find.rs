use clap::ValueEnum;
use esker::ops::Context;
use esker::ops::find::{self, FindKind, FindOptions, SizeBound};

use crate::cli::help::after_help;
use crate::cli::render::{json, objects};
use crate::cli::report::{Exit, Failure};
use crate::cli::ui::{Stream, Ui};

/// Find files by name, size, kind or content, in one commit or in all
///
/// A pattern is compared with the name, or with the whole path if it has a slash; * stays within a
/// folder and ** does not. One revision is searched as it is; of ranges, several revisions or --all the
/// history is searched: each version of a file is found once, with the commit that brought it. With
/// --json, one document a line.
#[derive(Debug, clap::Args)]
#[command(after_long_help = after_help!(
    "esker find '*.png' --size +10M" "esker find --kind l --rev v1 -- images"
    "esker find --all 'labels*.csv'" "esker find --all --id 92a1140915" "esker find --rev v1..main '*.bin'";
    "  5" "the history is damaged", " 10" "no repository"
))]
pub struct Args {
    /// Patterns of names, of which one must match
    #[arg(value_name = "PATTERN")]
    patterns: Vec<String>,

    /// Only below these folders
    #[arg(value_name = "PATH", last = true)]
    paths: Vec<String>,

    /// Search this revision instead of HEAD, or the history of a range; may be repeated
    #[arg(short, long = "rev", value_name = "REV", allow_hyphen_values = false)]
    revisions: Vec<String>,

    /// Search the history of every branch, tag and HEAD
    #[arg(long)]
    all: bool,

    /// More (+), less (-) or exactly so many bytes, such as +10M; may be repeated
    #[arg(short, long, value_name = "[+-]SIZE", allow_hyphen_values = true)]
    size: Vec<SizeBound>,

    /// Only files, folders, links or executables; may be repeated
    #[arg(short, long, value_name = "f|d|l|x")]
    kind: Vec<Kind>,

    /// Only content whose id begins so
    #[arg(long, value_name = "PREFIX")]
    id: Option<String>,

    /// Let letters of both cases match
    #[arg(short, long)]
    ignore_case: bool,

    /// Also show kind, id, size and number of files
    #[arg(short, long)]
    long: bool,
}

/// A kind as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// A file
    F,
    /// A folder
    D,
    /// A symbolic link
    L,
    /// A file that may be run
    X,
}

impl From<Kind> for FindKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::F => Self::File,
            Kind::D => Self::Directory,
            Kind::L => Self::Symlink,
            Kind::X => Self::Executable,
        }
    }
}

impl Args {
    pub fn run(self, context: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        let options = FindOptions {
            patterns: self.patterns,
            ignore_case: self.ignore_case,
            sizes: self.size,
            kinds: self.kind.into_iter().map(FindKind::from).collect(),
            id: self.id,
            revisions: self.revisions,
            all: self.all,
            paths: self.paths,
        };
        let (as_json, palette) = (ui.json, ui.palette);
        let mut stream = Stream::new(ui);
        let ended = find::run(context, &options, &mut |found| {
            stream.write(|out| match as_json {
                true => json::document(out, &found),
                false => objects::found(out, &palette, &found, self.long),
            })
        });
        stream.end(ended)?;
        Ok(Exit::Done)
    }
}
