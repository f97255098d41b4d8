use std::path::PathBuf;

use esker::ops::Context;
use esker::ops::clone::{self, CloneOptions};

use crate::cli::help::after_help;
use crate::cli::render::remotes;
use crate::cli::report::{Exit, Failure};
use crate::cli::ui::Ui;

/// Make a repository of what a remote holds
///
/// Brings all branches and tags, checks one out, and remembers the remote as origin. A clone that was
/// stopped goes on when it is run again.
#[derive(Debug, clap::Args)]
#[command(after_long_help = after_help!(
    "esker clone s3://bucket/weather" "esker clone -b v2 /mnt/nas/weather copy"
    "esker clone --store /data/store s3://bucket/weather";
    "  5" "data on the remote is damaged", " 12" "the remote refused or cannot be reached"
))]
pub struct Args {
    /// s3://bucket/prefix, file:///path or a path
    url: String,

    /// The folder to make; named after the remote by default
    dir: Option<PathBuf>,

    /// The branch to check out; main by default
    #[arg(short, long)]
    branch: Option<String>,

    /// URL of the S3 server; AWS_ENDPOINT_URL, or AWS itself, by default
    #[arg(long, value_name = "URL")]
    endpoint: Option<String>,

    /// Region of the bucket; AWS_REGION by default, else it is asked for
    #[arg(long)]
    region: Option<String>,

    /// Profile of AWS's own tools that has the credentials; AWS_PROFILE by default
    #[arg(long)]
    profile: Option<String>,

    /// Sign nothing: for buckets that anyone may read
    #[arg(long)]
    anonymous: bool,

    /// Bring commits and trees only, and check nothing out; files come when they are wanted
    #[arg(long, conflicts_with = "sparse")]
    no_checkout: bool,

    /// Bring and check out only this file or folder; may be given several times
    #[arg(long, value_name = "PATH")]
    sparse: Vec<String>,

    /// Bring only the newest N commits of each branch
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    depth: Option<u32>,

    /// Keep the packs in this folder, which other repositories of this machine use too
    #[arg(long, value_name = "DIR")]
    store: Option<PathBuf>,
}

impl Args {
    pub fn run(self, context: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        let options = CloneOptions {
            url: self.url,
            dir: self.dir,
            branch: self.branch,
            endpoint: self.endpoint,
            region: self.region,
            profile: self.profile,
            anonymous: self.anonymous,
            no_checkout: self.no_checkout,
            sparse: self.sparse,
            depth: self.depth,
            store: self.store,
        };
        let outcome = clone::run(context, &options)?;
        ui.summary(&outcome, remotes::clone)?;
        Ok(Exit::Done)
    }
}
