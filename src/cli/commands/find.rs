use clap::ValueEnum;
use esker::ops::find::{self, FindKind, FindOptions, SizeBound};
use esker::ops::{Context, RemotePlace, find_target};

use crate::cli::help::after_help;
use crate::cli::location::Connect;
use crate::cli::render::{json, objects};
use crate::cli::report::{Exit, Failure};
use crate::cli::ui::{Stream, Ui};

/// Find files by name, size, kind or content, in one commit or in all
///
/// A pattern is compared with the name, or with the whole path if it has a slash; * stays within a
/// folder and ** does not. One revision is searched as it is; of ranges, several revisions or --all the
/// history is searched: each version of a file is found once, with the commit that brought it. A
/// location, URL[@REV][:PATH], in place of the first pattern is searched without a clone. With --json,
/// one document a line.
#[derive(Debug, clap::Args)]
#[command(after_long_help = after_help!(
    "esker find '*.png' --size +10M" "esker find --kind l --rev v1 -- images"
    "esker find --all 'labels*.csv'" "esker find --all --id 92a1140915" "esker find --rev v1..main '*.bin'"
    "esker find s3://bucket/weather@v1:images '*.png'";
    "  5" "the history is damaged", " 10" "no repository",
    " 12" "the remote refused or cannot be reached"
))]
pub struct Args {
    /// Patterns of names, of which one must match; before them, a location to search
    #[arg(value_name = "URL|PATTERN")]
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

    #[command(flatten)]
    connect: Connect,
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
    /// The remote that the first pattern names; its revision and path join the others.
    fn take_location(&mut self, context: &Context) -> Option<RemotePlace> {
        let flags = self.connect.flags(self.revisions.first().map(String::as_str), None);
        let found = find_target(context, self.patterns.first()?, &flags)?;
        self.patterns.remove(0);
        if self.revisions.is_empty() {
            self.revisions.extend(found.revision);
        }
        self.paths.extend(found.path);
        Some(found.place)
    }

    pub fn run(mut self, context: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        let options = FindOptions {
            at: self.take_location(context),
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
        let cost = stream.end(ended)?;
        ui.cost(cost);
        Ok(Exit::Done)
    }
}
