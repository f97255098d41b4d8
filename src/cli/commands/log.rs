use std::io::{self, Write};

use esker::ops::log::{self, LogChanges, LogEntry, LogOptions};
use esker::ops::{Context, RemotePlace, find_target};

use crate::cli::help::after_help;
use crate::cli::location::At;
use crate::cli::render::graph::Graph;
use crate::cli::render::{diff, json, objects};
use crate::cli::report::{Exit, Failure};
use crate::cli::term::Palette;
use crate::cli::ui::{Stream, Ui};

/// Show the commits that lead to a revision
///
/// Newest first. A..B leaves out what A has, ^A too; A...B is what one of both has and not the other.
/// With paths, only commits that changed something there, found without reading any file; a merge that
/// took one side as it was is passed over to that side. What a commit changed is told against its first
/// parent. Dates are such as 2024-05-31, "2 weeks ago" or yesterday. A location, URL[@REV][:PATH], in
/// the first place is looked at without a clone; revisions behind it are its own. With --json, one
/// document a line.
#[derive(Debug, clap::Args)]
#[command(after_long_help = after_help!(
    "esker log" "esker log --oneline --graph --all" "esker log -n 5 v1 -- images"
    "esker log --since \"2 weeks ago\" --stat" "esker log main..new-photos --meta source=\"lab 3\""
    "esker log --oneline s3://bucket/weather@main";
    "  5" "the history is damaged", " 10" "no repository",
    " 12" "the remote refused or cannot be reached"
))]
pub struct Args {
    /// A location to look at; revisions and ranges to start from, HEAD by default; files and folders
    #[arg(value_name = "URL|REV|PATH")]
    args: Vec<String>,

    /// Only commits that changed these files and folders, or what patterns such as 'data/*.csv' match
    #[arg(value_name = "PATH", last = true)]
    paths: Vec<String>,

    /// One line a commit
    #[arg(long)]
    oneline: bool,

    /// Draw how the commits are joined
    #[arg(long, conflicts_with = "reverse")]
    graph: bool,

    /// Start from every branch, tag and HEAD
    #[arg(long)]
    all: bool,

    /// Show at most N commits; -N is the same
    #[arg(short = 'n', long, value_name = "N")]
    max_count: Option<usize>,

    /// Leave out N commits first
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    skip: usize,

    /// Only commits of this date or later
    #[arg(long, value_name = "DATE", visible_alias = "after")]
    since: Option<String>,

    /// Only commits of this date or earlier
    #[arg(long, value_name = "DATE", visible_alias = "before")]
    until: Option<String>,

    /// Only commits whose author, "Name <mail>", matches a regular expression
    #[arg(long, value_name = "REGEX")]
    author: Vec<String>,

    /// Only commits whose message matches a regular expression
    #[arg(long, value_name = "REGEX")]
    grep: Vec<String>,

    /// Let --author and --grep match letters of both cases
    #[arg(short, long)]
    ignore_case: bool,

    /// Only commits with this metadata: a key, or a key and its value; may be repeated
    #[arg(long, value_name = "KEY[=VALUE]", value_parser = key_and_value)]
    meta: Vec<(String, Option<String>)>,

    /// Only merges
    #[arg(long, conflicts_with = "no_merges")]
    merges: bool,

    /// No merges
    #[arg(long)]
    no_merges: bool,

    /// Follow only the first parent of each commit
    #[arg(long)]
    first_parent: bool,

    /// The oldest first
    #[arg(long)]
    reverse: bool,

    /// Also show the files that changed with their sizes, and sums; reads no file
    #[arg(long)]
    stat: bool,

    /// Also show a letter and the path of each file that changed
    #[arg(long, conflicts_with = "stat")]
    name_status: bool,

    /// Show what moved as removed and added
    #[arg(long)]
    no_renames: bool,

    #[command(flatten)]
    at: At,
}

fn key_and_value(text: &str) -> Result<(String, Option<String>), String> {
    let (key, value) = match text.split_once('=') {
        Some((key, value)) => (key, Some(value.to_string())),
        None => (text, None),
    };
    match key {
        "" => Err("expected a key, such as source or source=lab".to_string()),
        key => Ok((key.to_string(), value)),
    }
}

impl Args {
    #[cfg(test)]
    pub fn max_count(&self) -> Option<usize> {
        self.max_count
    }

    pub fn run(self, context: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        ui.page(context);
        let as_json = ui.json;
        let mut printer = Printer {
            oneline: self.oneline,
            stat: self.stat,
            palette: ui.palette,
            graph: self.graph.then(Graph::default),
            is_first: true,
        };
        let options = self.options(context, as_json);
        let mut stream = Stream::new(ui);
        let ended = log::run(context, &options, &mut |entry| {
            stream.write(|out| match as_json {
                true => json::document(out, &entry),
                false => printer.print(out, &entry),
            })
        });
        let cost = stream.end(ended)?;
        ui.cost(cost);
        Ok(Exit::Done)
    }

    /// The remote that the first argument names; its revision and path join the others.
    fn take_location(&mut self, context: &Context) -> Option<RemotePlace> {
        let found = self.args.first().and_then(|text| find_target(context, text, &self.at.flags()));
        let (revision, path) = match &found {
            Some(found) => {
                self.args.remove(0);
                (found.revision.clone(), found.path.clone())
            }
            None => (self.at.rev.clone(), self.at.path.clone()),
        };
        self.args.splice(0..0, revision);
        self.paths.extend(path);
        found.map(|found| found.place)
    }

    fn options(mut self, context: &Context, as_json: bool) -> LogOptions {
        LogOptions {
            at: self.take_location(context),
            args: self.args,
            paths: self.paths,
            all: self.all,
            first_parent: self.first_parent,
            merges: match (self.merges, self.no_merges) {
                (true, _) => Some(true),
                (_, true) => Some(false),
                _ => None,
            },
            since: self.since,
            until: self.until,
            authors: self.author,
            messages: self.grep,
            ignore_case: self.ignore_case,
            meta: self.meta,
            skip: self.skip,
            max_count: self.max_count,
            reverse: self.reverse,
            graph: self.graph,
            totals: as_json || !self.oneline,
            changes: self.stat || self.name_status,
            renames: !self.no_renames,
        }
    }
}

/// Prints one commit after the other.
struct Printer {
    oneline: bool,
    stat: bool,
    palette: Palette,
    graph: Option<Graph>,
    is_first: bool,
}

impl Printer {
    fn print(&mut self, out: &mut dyn Write, entry: &LogEntry) -> io::Result<()> {
        let is_first = std::mem::take(&mut self.is_first);
        let Some(mut graph) = self.graph.take() else {
            if !is_first && !self.oneline {
                out.write_all(b"\n")?;
            }
            return self.text(out, entry);
        };
        let mut text = Vec::new();
        self.text(&mut text, entry)?;
        if !self.oneline {
            text.push(b'\n');
        }
        let drawn = graph.draw(out, entry, &String::from_utf8_lossy(&text));
        self.graph = Some(graph);
        drawn
    }

    fn text(&self, out: &mut dyn Write, entry: &LogEntry) -> io::Result<()> {
        let palette = &self.palette;
        match self.oneline {
            true => objects::log_line(out, palette, entry)?,
            false => objects::log_entry(out, palette, entry)?,
        }
        let Some(LogChanges { changes, change_totals }) = &entry.changes else { return Ok(()) };
        if !self.oneline && !changes.is_empty() {
            out.write_all(b"\n")?;
        }
        match self.stat {
            true => diff::stat(out, palette, changes, change_totals),
            false => changes.iter().try_for_each(|c| diff::name_status(out, palette, c)),
        }
    }
}
