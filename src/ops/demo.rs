//! `demo`: the main job on a dataset it makes.
//!
//! The one verb that runs others: it is the script a person would type.

use std::fmt::Write as _;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde::Serialize;

use super::{Context, OpError, add, checkout, commit, encode, fsck, hash, init, log, status};
use crate::fsio::{self, FsError};
use crate::store::session::random_u64;

/// Where to run it.
#[derive(Clone, Debug, Default)]
pub struct DemoOptions {
    /// An empty or missing folder; a temporary one when absent.
    pub dir: Option<PathBuf>,
    /// Leave the folder there at the end.
    pub keep: bool,
}

/// One step that was taken.
#[derive(Clone, Debug, Serialize)]
pub struct DemoStep {
    /// What it shows.
    pub title: String,
    /// The command a person would type.
    pub command: String,
    /// What came out.
    pub result: String,
    /// How long it took.
    pub seconds: f64,
}

/// How it ended.
#[derive(Clone, Debug, Serialize)]
pub struct DemoOutcome {
    /// The folder.
    #[serde(serialize_with = "encode::path")]
    pub dir: PathBuf,
    /// Whether every step gave what it promised.
    pub ok: bool,
}

/// Rows of the table at first, and rows put into its middle later.
const ROWS: u32 = 600_000;
const MORE_ROWS: u32 = 500;
/// Small files beside the table.
const IMAGES: u32 = 1_000;

/// Runs the demonstration; `each` sees a step when it is done.
pub fn run(
    ctx: &Context,
    options: &DemoOptions,
    each: &mut dyn FnMut(DemoStep),
) -> Result<DemoOutcome, OpError> {
    let dir = match &options.dir {
        Some(dir) => fsio::without_dots(&ctx.start_dir.join(dir)),
        None => temp_dir(ctx).join(format!("esker-demo-{:016x}", random_u64()?)),
    };
    prepare(&dir)?;
    let mut demo = Demo { ctx: inside(ctx, &dir), dir: dir.clone(), each, ok: true };
    let result = demo.play();
    let ok = demo.ok;
    if !options.keep {
        std::fs::remove_dir_all(&dir).map_err(|e| FsError::new("remove", &dir, e))?;
    }
    result.map(|()| DemoOutcome { dir, ok })
}

fn temp_dir(ctx: &Context) -> PathBuf {
    let named = ["TMPDIR", "TEMP"].iter().find_map(|name| ctx.env(name));
    PathBuf::from(named.filter(|dir| !dir.is_empty()).unwrap_or("/tmp"))
}

/// Refuses to work where something is.
fn prepare(dir: &Path) -> Result<(), OpError> {
    std::fs::create_dir_all(dir).map_err(|e| FsError::new("create", dir, e))?;
    let mut entries = std::fs::read_dir(dir).map_err(|e| FsError::new("read", dir, e))?;
    match entries.next() {
        None => Ok(()),
        Some(_) => Err(OpError::Usage {
            message: format!("{} is not empty", dir.display()),
            hint: Some(
                "name a folder that does not exist yet: esker demo /tmp/esker-demo".to_owned(),
            ),
        }),
    }
}

/// The context of a person who works in `dir`, with a name for the commits.
fn inside(ctx: &Context, dir: &Path) -> Context {
    let mut ctx = Context { start_dir: dir.to_owned(), esker_dir: None, ..ctx.clone() };
    let author = [("ESKER_AUTHOR_NAME", "Demo"), ("ESKER_AUTHOR_EMAIL", "demo@example.org")];
    ctx.env.extend(author.map(|(key, value)| (key.to_owned(), value.to_owned())));
    ctx
}

struct Demo<'d> {
    ctx: Context,
    dir: PathBuf,
    each: &'d mut dyn FnMut(DemoStep),
    ok: bool,
}

impl Demo<'_> {
    fn step(
        &mut self,
        title: &str,
        command: &str,
        work: impl FnOnce(&Context, &Path) -> Result<String, OpError>,
    ) -> Result<(), OpError> {
        let started = Instant::now();
        let result = work(&self.ctx, &self.dir)?;
        let seconds = started.elapsed().as_secs_f64();
        let (title, command) = (title.to_owned(), command.to_owned());
        (self.each)(DemoStep { title, command, result, seconds });
        Ok(())
    }

    fn play(&mut self) -> Result<(), OpError> {
        self.step("Make a dataset", "", |_, dir| make_dataset(dir))?;
        self.step("Make it a repository", "esker init", |ctx, _| {
            init::run(ctx, &init::InitOptions::default())?;
            Ok("everything esker keeps is in .esker".to_owned())
        })?;
        self.step("Store and stage it", "esker add .", |ctx, _| add_all(ctx))?;
        self.step("Record the first version", "esker commit -m \"first version\"", |ctx, _| {
            record(ctx, "first version")
        })?;
        self.step("Put 500 rows into the middle of the table", "", |_, dir| grow_table(dir))?;
        self.step("See what changed", "esker status", |ctx, _| {
            let seen = status::run(ctx, &status::StatusOptions::default())?;
            Ok(format!("{} file changed", seen.unstaged.len()))
        })?;
        self.step("Store the change: only the change is new", "esker add .", |ctx, _| {
            add_all(ctx)
        })?;
        self.step("Record the second version", "esker commit -m \"more rows\"", |ctx, _| {
            record(ctx, "more rows")
        })?;
        self.step("See the history", "esker log --oneline", |ctx, _| history(ctx))?;
        let mut is_same = false;
        self.step("Bring back the first version", "esker checkout HEAD~1", |ctx, dir| {
            let first = commit_tree(ctx, "HEAD~1")?;
            go_to(ctx, "HEAD~1")?;
            let on_disk =
                hash::run(ctx, &hash::HashOptions { path: dir.to_owned(), ..Default::default() })?;
            is_same = on_disk.id == first;
            let word = if is_same { "equals" } else { "differs from" };
            Ok(format!("the folder's id {}… {word} the commit's", &on_disk.id[..10]))
        })?;
        self.ok &= is_same;
        self.step("Go on where you were", "esker checkout main", |ctx, _| go_to(ctx, "main"))?;
        let mut is_clean = false;
        self.step("Verify every stored byte", "esker fsck --data", |ctx, _| {
            let options = fsck::FsckOptions { data: true, ..fsck::FsckOptions::default() };
            let found = fsck::run(ctx, &options)?;
            is_clean = found.clean;
            Ok(format!("{} problems in {} blocks", found.problems.len(), found.blocks_read))
        })?;
        self.ok &= is_clean;
        Ok(())
    }
}

fn add_all(ctx: &Context) -> Result<String, OpError> {
    let options = add::AddOptions { paths: vec![".".to_owned()], ..add::AddOptions::default() };
    let added = add::run(ctx, &options, None)?;
    Ok(format!(
        "{} changed, {} of data: {} new after deduplication, {} written",
        added.added + added.modified,
        mebibytes(added.logical_bytes),
        mebibytes(added.new_bytes),
        mebibytes(added.stored_bytes)
    ))
}

fn record(ctx: &Context, message: &str) -> Result<String, OpError> {
    let message = Some(message.to_owned());
    let options = commit::CommitOptions { message, ..commit::CommitOptions::default() };
    let done = commit::run(ctx, &options)?;
    Ok(format!("commit {}: {} files, {}", done.commit.short(), done.files, mebibytes(done.bytes)))
}

fn history(ctx: &Context) -> Result<String, OpError> {
    let mut lines = String::new();
    log::run(ctx, &log::LogOptions::default(), &mut |entry| {
        let separator = if lines.is_empty() { "" } else { "; " };
        let _ = write!(lines, "{separator}{} {}", entry.commit.short(), entry.message);
        ControlFlow::Continue(())
    })?;
    Ok(lines)
}

fn commit_tree(ctx: &Context, revision: &str) -> Result<String, OpError> {
    let mut tree = String::new();
    let args = vec![revision.to_owned()];
    let options = log::LogOptions { args, max_count: Some(1), ..log::LogOptions::default() };
    log::run(ctx, &options, &mut |entry| {
        tree = entry.tree.to_string();
        ControlFlow::Break(())
    })?;
    Ok(tree)
}

fn go_to(ctx: &Context, target: &str) -> Result<String, OpError> {
    let target = Some(target.to_owned());
    let options = checkout::CheckoutOptions { target, ..checkout::CheckoutOptions::default() };
    let done = checkout::run(ctx, &options)?;
    Ok(format!("{} files written, {}", done.written, mebibytes(done.bytes)))
}

fn mebibytes(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
}

/// A table of text and many small binary files, the same each time.
fn make_dataset(dir: &Path) -> Result<String, OpError> {
    let images = dir.join("images");
    std::fs::create_dir_all(&images).map_err(|e| FsError::new("create", &images, e))?;
    let mut table = String::from("id,place,reading,quality,comment\n");
    (0..ROWS).for_each(|row| push_row(&mut table, row));
    write_file(&dir.join("readings.csv"), table.as_bytes())?;
    for n in 0..IMAGES {
        let mut pixels = vec![0; 2_000 + (n as usize * 37) % 4_000];
        blake3::Hasher::new().update(&n.to_le_bytes()).finalize_xof().fill(&mut pixels);
        write_file(&images.join(format!("{n:04}.bin")), &pixels)?;
    }
    Ok(format!("a table of {ROWS} rows and {IMAGES} small files in {}", dir.display()))
}

fn push_row(table: &mut String, row: u32) {
    // A small generator of its own keeps the dataset the same for ever.
    let mixed = u64::from(row).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let (place, reading) = (mixed >> 52, (mixed >> 20) & 0xf_ffff);
    let quality = ["good", "fair", "poor"][(mixed % 3) as usize];
    let _ = writeln!(table, "{row},station-{place},{reading},{quality},reading number {row}");
}

/// Puts rows into the middle of the table.
fn grow_table(dir: &Path) -> Result<String, OpError> {
    let path = dir.join("readings.csv");
    let text = std::fs::read_to_string(&path).map_err(|e| FsError::new("read", &path, e))?;
    let middle = text[text.len() / 2..].find('\n').map_or(text.len(), |at| text.len() / 2 + at + 1);
    let mut more = String::new();
    (ROWS..ROWS + MORE_ROWS).for_each(|row| push_row(&mut more, row));
    write_file(&path, [&text[..middle], &more, &text[middle..]].concat().as_bytes())?;
    Ok(format!("{MORE_ROWS} rows put into the middle of readings.csv"))
}

fn write_file(path: &Path, bytes: &[u8]) -> Result<(), OpError> {
    Ok(std::fs::write(path, bytes).map_err(|e| FsError::new("write", path, e))?)
}
