use esker::ops::Context;
use esker::ops::du::{self, DuOptions};

use crate::cli::help::after_help;
use crate::cli::location::{At, Where};
use crate::cli::render::{json, objects};
use crate::cli::report::{Exit, Failure};
use crate::cli::ui::{Stream, Ui};

/// Show how many bytes and files folders of a commit hold
///
/// Sizes are those of the data; --stored adds what it takes in packs here, after deduplication and
/// compression. The sums of the data lie in the trees, so that only the folders that are shown are read. A location, URL[@REV][:PATH], is looked at without a clone. With
/// --json, one document a line.
#[derive(Debug, clap::Args)]
#[command(after_long_help = after_help!(
    "esker du" "esker du -d 2 v1:images" "esker du --files --bytes main" "esker du -d 0 --unique"
    "esker du --stored v1:images"
    "esker du s3://bucket/weather";
    "  5" "a folder is damaged", " 10" "no repository",
    " 12" "the remote refused or cannot be reached"
))]
pub struct Args {
    /// A branch, tag or commit, REV:PATH, a path in HEAD, or a location
    #[arg(value_name = "REV[:PATH]|URL[@REV][:PATH]")]
    what: Option<String>,

    /// A path in that revision
    path: Option<String>,

    /// Show folders up to N levels below the path
    #[arg(short, long, value_name = "N", default_value_t = 1)]
    depth: usize,

    /// Also show files
    #[arg(short = 'a', long)]
    files: bool,

    /// Also count the bytes of equal files once; this walks all folders
    #[arg(short, long)]
    unique: bool,

    /// Also count what the files take in packs, chunks that several share once; this walks all folders
    #[arg(short, long)]
    stored: bool,

    /// Show sizes in bytes
    #[arg(short, long)]
    bytes: bool,

    #[command(flatten)]
    at: At,
}

impl Args {
    pub fn run(self, context: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        let Where { at, revision, path } =
            self.at.resolve(context, self.what.as_deref(), self.path.as_deref())?;
        let Self { depth, files, unique, stored, .. } = self;
        let options = DuOptions { at, revision, path, depth, files, unique, stored };
        let (as_json, palette) = (ui.json, ui.palette);
        let mut stream = Stream::new(ui);
        let ended = du::run(context, &options, &mut |entry| {
            stream.write(|out| match as_json {
                true => json::document(out, &entry),
                false => objects::du(out, &palette, &entry, self.bytes),
            })
        });
        let cost = stream.end(ended)?;
        ui.cost(cost);
        Ok(Exit::Done)
    }
}
