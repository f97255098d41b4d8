//! Arguments of commands that also look at remotes: `URL[@rev][:path]` in place of a revision.

use esker::ops::{Context, LocationFlags, OpError, RemotePlace, find_target};

use super::commands::rev_and_path;

/// How a remote is reached that is named by its location.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Remote options")]
pub struct Connect {
    /// URL of the S3 server; AWS_ENDPOINT_URL, or AWS itself, by default
    #[arg(long, value_name = "URL")]
    pub endpoint: Option<String>,

    /// Region of the bucket; AWS_REGION by default, else it is asked for
    #[arg(long)]
    pub region: Option<String>,

    /// Sign nothing: for buckets that anyone may read
    #[arg(long)]
    pub anonymous: bool,
}

/// Revision and path apart from the location, and how it is reached.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Remote options")]
pub struct At {
    /// The revision; then @ in a location is part of it
    #[arg(long = "rev", value_name = "REV", id = "at_rev")]
    pub rev: Option<String>,

    /// The path in that revision; then @ and : in a location are part of it
    #[arg(long = "path", value_name = "PATH", id = "at_path")]
    pub path: Option<String>,

    #[command(flatten)]
    pub connect: Connect,
}

/// What a command looks at.
pub struct Where {
    /// The remote; this repository when absent.
    pub at: Option<RemotePlace>,
    /// The revision.
    pub revision: Option<String>,
    /// The path in it.
    pub path: Option<String>,
}

impl Connect {
    /// As the library takes it.
    pub fn flags(&self, revision: Option<&str>, path: Option<&str>) -> LocationFlags {
        LocationFlags {
            revision: revision.map(str::to_owned),
            path: path.map(str::to_owned),
            endpoint: self.endpoint.clone(),
            region: self.region.clone(),
            anonymous: self.anonymous,
        }
    }
}

impl At {
    /// As the library takes it.
    pub fn flags(&self) -> LocationFlags {
        self.connect.flags(self.rev.as_deref(), self.path.as_deref())
    }

    /// What one or two arguments name: a location, a revision, a path, or both in either form.
    pub fn resolve(
        &self,
        context: &Context,
        what: Option<&str>,
        path: Option<&str>,
    ) -> Result<Where, OpError> {
        if let Some(found) = what.and_then(|text| find_target(context, text, &self.flags())) {
            let path = once(found.path, path.map(str::to_owned))?;
            return Ok(Where { at: Some(found.place), revision: found.revision, path });
        }
        let (revision, path) = match &self.rev {
            Some(rev) => {
                (Some(rev.clone()), once(what.map(str::to_owned), path.map(str::to_owned))?)
            }
            None => rev_and_path(what, path)?,
        };
        Ok(Where { at: None, revision, path: once(path, self.path.clone())? })
    }
}

fn once(one: Option<String>, other: Option<String>) -> Result<Option<String>, OpError> {
    match (one, other) {
        (Some(_), Some(_)) => Err(OpError::Usage {
            message: "a path was given twice".to_string(),
            hint: Some("write it once, as REV:PATH, URL@REV:PATH or with --path".to_string()),
        }),
        (one, other) => Ok(one.or(other)),
    }
}
