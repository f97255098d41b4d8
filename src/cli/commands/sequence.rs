use esker::ops::{Context, MergeOutcome, OpError};

/// How a revert or cherry-pick of several commits that stopped at a conflict goes on.
#[derive(Debug, clap::Args)]
pub struct Control {
    /// Commit once the conflicts are resolved, and take the rest
    #[arg(long = "continue", id = "go_on", conflicts_with_all = ["revisions", "abort", "skip"])]
    go_on: bool,

    /// Leave the commit out that is in conflict, and take the rest
    #[arg(long, conflicts_with_all = ["revisions", "abort"])]
    skip: bool,

    /// Give it up: all is as it was before the first commit
    #[arg(long, conflicts_with = "revisions")]
    abort: bool,

    /// With --abort or --skip: drop also what was changed by hand since
    #[arg(short, long, conflicts_with = "revisions")]
    force: bool,
}

/// What going on, leaving a commit out and giving up are for one verb.
pub struct Ways {
    pub go_on: fn(&Context, Option<&str>) -> Result<MergeOutcome, OpError>,
    pub skip: fn(&Context, bool) -> Result<MergeOutcome, OpError>,
    pub abort: fn(&Context, bool) -> Result<MergeOutcome, OpError>,
}

impl Control {
    /// Does what the flags ask for, or else starts.
    pub fn run(
        &self,
        context: &Context,
        ways: &Ways,
        start: impl FnOnce() -> Result<MergeOutcome, OpError>,
    ) -> Result<MergeOutcome, OpError> {
        match (self.abort, self.go_on, self.skip) {
            (true, ..) => (ways.abort)(context, self.force),
            (_, true, _) => (ways.go_on)(context, None),
            (.., true) => (ways.skip)(context, self.force),
            _ => start(),
        }
    }
}
