use clap::Subcommand;
use esker::ops::Context;
use esker::ops::remote::{self, AddRemote, RemoteAction};
use esker::ops::remote_fsck::{self, RemoteFsckOptions};
use esker::ops::remote_gc::{self, RemoteGcOptions};

use crate::cli::help::after_help;
use crate::cli::render::remotes;
use crate::cli::report::{Exit, Failure};
use crate::cli::ui::Ui;

/// Name the places that data is shared by
///
/// A remote is a bucket (s3://bucket/prefix) or a folder; nothing needs to run there. Credentials are
/// taken from the usual AWS_ variables and never written down. Without a subcommand: list them.
#[derive(Debug, clap::Args)]
#[command(after_long_help = after_help!(
    "esker remote add origin s3://bucket/weather"
    "esker remote add nas /mnt/nas/weather"
    "esker remote check"
    "esker remote gc -n"
    "esker remote fsck";
    "  5" "data on the remote is damaged", " 10" "no repository", " 12" "the remote refused or cannot be reached"
))]
pub struct Args {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List all remotes
    List,
    /// Name a remote, after trying out what it can do
    Add(Add),
    /// Forget a remote; what lies there stays
    #[command(visible_alias = "rm")]
    Remove {
        /// Its name
        name: String,
    },
    /// Give a remote another name
    Rename {
        /// Its name
        old: String,
        /// The new one
        new: String,
    },
    /// Say where a remote is now
    SetUrl {
        /// Its name
        name: String,
        /// s3://bucket/prefix, file:///path or a path
        url: String,
    },
    /// Try out whether a remote can be reached, read and written safely
    Check {
        /// Its name; origin by default
        name: Option<String>,
    },
    /// Give back what no branch or tag of a remote reaches any more, while others push
    Gc(Gc),
    /// Check that everything the branches and tags of a remote reach is there and whole
    Fsck {
        /// Its name; origin by default
        name: Option<String>,

        /// Read every byte, too
        #[arg(long)]
        data: bool,
    },
}

#[derive(Debug, clap::Args)]
struct Add {
    /// Its name, such as origin
    name: String,

    /// s3://bucket/prefix, file:///path or a path
    url: String,

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
    #[arg(long, conflicts_with = "profile")]
    anonymous: bool,

    /// Name the bucket in the host instead of the path
    #[arg(long)]
    virtual_host: bool,

    /// Do not try it out
    #[arg(long)]
    no_check: bool,
}

#[derive(Debug, clap::Args)]
struct Gc {
    /// Its name; origin by default
    name: Option<String>,

    /// Days that data which is no longer reached is kept, for those who read it now
    #[arg(long, value_name = "DAYS", default_value_t = 14, value_parser = clap::value_parser!(u16))]
    grace: u16,

    /// Nobody else writes to it now: needed for a store that takes two writers for one
    #[arg(long)]
    alone: bool,

    /// Only say what would be given back
    #[arg(short = 'n', long)]
    dry_run: bool,
}

impl Args {
    pub fn run(self, context: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        let action = match self.action {
            None | Some(Action::List) => RemoteAction::List,
            Some(Action::Add(add)) => RemoteAction::Add(AddRemote {
                name: add.name,
                url: add.url,
                endpoint: add.endpoint,
                region: add.region,
                profile: add.profile,
                anonymous: add.anonymous,
                virtual_host: add.virtual_host,
                no_check: add.no_check,
            }),
            Some(Action::Remove { name }) => RemoteAction::Remove(name),
            Some(Action::Rename { old, new }) => RemoteAction::Rename(old, new),
            Some(Action::SetUrl { name, url }) => RemoteAction::SetUrl(name, url),
            Some(Action::Check { name }) => RemoteAction::Check(name),
            Some(Action::Gc(gc)) => return gc.run(context, ui),
            Some(Action::Fsck { name, data }) => return fsck(context, ui, name, data),
        };
        let is_list = matches!(action, RemoteAction::List);
        let outcome = remote::run(context, &action)?;
        match is_list {
            true => ui.result(&outcome, remotes::list)?,
            false => ui.summary(&outcome, remotes::check)?,
        }
        if outcome.remotes.iter().any(|remote| remote.single_writer) && outcome.check.is_some() {
            ui.warn("this store takes two writers for one: let one person push at a time");
        }
        Ok(Exit::Done)
    }
}

impl Gc {
    fn run(self, context: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        let options = RemoteGcOptions {
            remote: self.name,
            grace_seconds: i64::from(self.grace) * 86_400,
            alone: self.alone,
            dry_run: self.dry_run,
        };
        let outcome = remote_gc::run(context, &options)?;
        ui.summary(&outcome, remotes::gc)?;
        Ok(Exit::Done)
    }
}

fn fsck(
    context: &Context,
    ui: &mut Ui,
    remote: Option<String>,
    data: bool,
) -> Result<Exit, Failure> {
    let outcome = remote_fsck::run(context, &RemoteFsckOptions { remote, data })?;
    ui.result(&outcome, remotes::fsck)?;
    Ok(if outcome.problems.is_empty() { Exit::Done } else { Exit::Damaged })
}
