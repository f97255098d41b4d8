//! What the small verbs of the worktree did, as text for people: rm, mv, clean, check-ignore, roots, sparse.

use std::io::{self, Write};

use esker::ops::SparseCounts;
use esker::ops::check_ignore::CheckIgnoreOutcome;
use esker::ops::clean::CleanOutcome;
use esker::ops::mv::MvOutcome;
use esker::ops::rm::RmOutcome;
use esker::ops::roots::RootsOutcome;
use esker::ops::sparse::SparseOutcome;
use esker::path::escape;

use super::text::to_be_fetched;
use super::units::{bytes, count, counted};
use crate::cli::term::Palette;

/// Paths that are listed one by one; more are only counted.
const LISTED: usize = 20;

/// `rm`.
pub fn rm(out: &mut dyn Write, outcome: &RmOutcome) -> io::Result<()> {
    // A dry run is asked for its list, so that it prints all of it.
    let listed = if outcome.dry_run { usize::MAX } else { LISTED };
    let verb = if outcome.dry_run { "would remove" } else { "removed" };
    outcome
        .paths
        .iter()
        .take(listed)
        .try_for_each(|path| writeln!(out, "rm '{}'", escape(path)))?;
    if outcome.paths.len() > listed {
        writeln!(out, "… and {} more", count((outcome.paths.len() - listed) as u64))?;
    }
    let files = counted(outcome.files, "file");
    match (outcome.removed, outcome.dry_run) {
        (0, false) => writeln!(out, "{verb} {files} from the next version; none on disk"),
        (removed, _) => {
            writeln!(out, "{verb} {files} from the next version, {} on disk", count(removed))
        }
    }
}

/// `mv`.
pub fn mv(out: &mut dyn Write, outcome: &MvOutcome) -> io::Result<()> {
    for one in &outcome.moves {
        let verb = match (outcome.dry_run, one.staged_only) {
            (true, false) => "would rename",
            (true, true) => "would stage the rename of",
            (false, false) => "renamed",
            (false, true) => "staged the rename of",
        };
        writeln!(out, "{verb} '{}' to '{}'", escape(&one.from), escape(&one.to))?;
    }
    Ok(())
}

/// `clean`.
pub fn clean(out: &mut dyn Write, palette: &Palette, outcome: &CleanOutcome) -> io::Result<()> {
    let CleanOutcome { files, folders, dry_run, .. } = *outcome;
    if files + folders == 0 {
        return writeln!(out, "nothing to clean");
    }
    let verb = if dry_run { "would remove" } else { "removed" };
    let bad = palette.bad;
    for path in &outcome.paths {
        writeln!(out, "{verb} {bad}{}{bad:#}", escape(path))?;
    }
    let size = bytes(outcome.bytes);
    write!(out, "{verb} {} ({size})", counted(files, "file"))?;
    if folders > 0 {
        write!(out, " and {}", counted(folders, "folder"))?;
    }
    writeln!(out)?;
    if dry_run {
        writeln!(out, "(use \"esker clean --force\" with the same arguments to remove them)")?;
    }
    Ok(())
}

/// `check-ignore`: git's layout.
pub fn check_ignore(
    out: &mut dyn Write,
    palette: &Palette,
    outcome: &CheckIgnoreOutcome,
    verbose: bool,
) -> io::Result<()> {
    let id = palette.id;
    for path in &outcome.paths {
        match &path.rule {
            Some(rule) if verbose => {
                let (file, pattern) = (escape(&rule.file), escape(&rule.pattern));
                let (line, path) = (rule.line, escape(&path.path));
                writeln!(out, "{id}{file}:{line}:{id:#}{pattern}\t{path}")?;
            }
            Some(_) if path.ignored => writeln!(out, "{}", escape(&path.path))?,
            _ => {}
        }
    }
    Ok(())
}

/// `roots`.
pub fn roots(out: &mut dyn Write, outcome: &RootsOutcome) -> io::Result<()> {
    match (outcome.inside_git, outcome.roots.is_empty()) {
        (false, _) => writeln!(out, "not in a git checkout: everything is looked at"),
        (true, true) => {
            writeln!(out, "no data roots yet; name one with \"esker add <folder>\"")
        }
        (true, false) => {
            outcome.roots.iter().try_for_each(|root| writeln!(out, "{}", escape(root)))
        }
    }
}

/// `sparse` without a change.
pub fn sparse_paths(out: &mut dyn Write, outcome: &SparseOutcome) -> io::Result<()> {
    if outcome.everything {
        return Ok(());
    }
    for path in &outcome.paths {
        writeln!(out, "{}", if path.is_empty() { ".".into() } else { escape(path) })?;
    }
    outcome.except.iter().try_for_each(|path| writeln!(out, "not {}", escape(path)))
}

/// What a worktree is to have, in words.
pub fn sparse_counts(sparse: SparseCounts) -> String {
    let except = match sparse.except {
        0 => String::new(),
        n => format!(" but {}", counted(n, "path")),
    };
    match (sparse.paths, sparse.except) {
        (1, 1..) => format!("all{except}"),
        (0, 0) => "no file is wanted here".to_owned(),
        (n, _) => format!("only {}{except}", counted(n, "path")),
    }
}

/// `sparse` with a change.
pub fn sparse(out: &mut dyn Write, outcome: &SparseOutcome) -> io::Result<()> {
    let would = if outcome.dry_run { "would be " } else { "" };
    let (written, size) = (counted(outcome.written, "file"), bytes(outcome.bytes));
    let removed = counted(outcome.removed, "file");
    writeln!(out, "{would}written: {written} ({size}); {would}removed from disk: {removed}")?;
    to_be_fetched(out, &outcome.planned)?;
    for path in &outcome.kept {
        writeln!(out, "kept, since it was changed: {}", escape(path))?;
    }
    match (outcome.everything, outcome.paths.len() as u64, outcome.except.len() as u64) {
        (true, ..) => writeln!(out, "the worktree has everything"),
        (_, 0, _) => writeln!(out, "the worktree has no tracked file"),
        (_, n, 0) => writeln!(out, "the worktree has {}", counted(n, "path")),
        (_, n, m) => {
            writeln!(
                out,
                "the worktree has {}, without {}",
                counted(n, "path"),
                counted(m, "other")
            )
        }
    }
}
