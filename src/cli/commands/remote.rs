use clap::Subcommand;
use esker::ops::Context;
use esker::ops::accept_history::{self, AcceptHistoryOptions};
use esker::ops::keeps::{self, KeepsAction, KeepsOptions};
use esker::ops::remote::{self, AddRemote, RemoteAction};

use super::{fsck, gc};
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
    "esker remote keeps"
    "esker remote keeps add paper-2024 v1";
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
    /// List, add or remove keeps: commits that stay though no branch and no tag reaches them
    Keeps(Keeps),
    /// Take a remote that went back as it is now
    AcceptHistory {
        /// Its name; origin by default
        name: Option<String>,
    },
    /// The same as gc --remote
    Gc {
        /// Its name; origin by default
        name: Option<String>,

        #[command(flatten)]
        args: gc::Args,
    },
    /// The same as fsck --remote
    Fsck {
        /// Its name; origin by default
        name: Option<String>,

        #[command(flatten)]
        args: fsck::Args,
    },
}

#[derive(Debug, clap::Args)]
struct Keeps {
    /// The remote; origin by default
    #[arg(long, value_name = "NAME", global = true)]
    remote: Option<String>,

    #[command(subcommand)]
    action: Option<KeepsCommand>,
}

#[derive(Debug, Subcommand)]
enum KeepsCommand {
    /// List all keeps
    List,
    /// Keep a commit; what the remote lacks of it is sent
    Add {
        /// The name of the keep, such as paper-2024
        name: String,
        /// The commit; HEAD by default
        revision: Option<String>,
    },
    /// Keep commits no longer
    #[command(visible_alias = "rm")]
    Remove {
        /// Names of keeps
        #[arg(required = true, value_name = "NAME")]
        names: Vec<String>,
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
            Some(Action::Keeps(keeps)) => return keeps.run(context, ui),
            Some(Action::AcceptHistory { name }) => return accept_history(context, ui, name),
            Some(Action::Gc { name, args }) => return args.of_remote(name).run(context, ui),
            Some(Action::Fsck { name, args }) => return args.of_remote(name).run(context, ui),
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

impl Keeps {
    fn run(self, context: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        let action = match self.action {
            None | Some(KeepsCommand::List) => KeepsAction::List,
            Some(KeepsCommand::Add { name, revision }) => KeepsAction::Add { name, revision },
            Some(KeepsCommand::Remove { names }) => KeepsAction::Remove(names),
        };
        let is_list = matches!(action, KeepsAction::List);
        let outcome = keeps::run(context, &KeepsOptions { remote: self.remote, action })?;
        match is_list {
            true => ui.result(&outcome, remotes::keeps)?,
            false => ui.summary(&outcome, remotes::keeps)?,
        }
        Ok(Exit::Done)
    }
}

fn accept_history(context: &Context, ui: &mut Ui, remote: Option<String>) -> Result<Exit, Failure> {
    let outcome = accept_history::run(context, &AcceptHistoryOptions { remote })?;
    ui.result(&outcome, remotes::accepted)?;
    if !outcome.refs.is_empty() {
        ui.hint("to put your commits back there: esker push --all");
    }
    Ok(Exit::Done)
}
