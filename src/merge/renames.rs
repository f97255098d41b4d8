//! Renames: what one side deleted in one place and added in another with the same content.
//!
//! Only those matter whose old path the other side changed or deleted too: then the change follows the
//! file to its new path. Of several candidates those with the same name are paired first, the rest in
//! the order of their paths. Empty files are never paired: they say nothing about where they come from.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use super::walk::{Unseen, Walk, file, index};
use super::{ConflictKind, MergeError, Side};
use crate::diff::tree::{self as diff, Flow};
use crate::id::BlobId;
use crate::object::tree::EntryValue;
use crate::path::RepoPath;

const SIDES: [Side; 2] = [Side::Ours, Side::Theirs];

/// What makes two files the same.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Content {
    File(BlobId),
    Link(Box<str>),
}

fn content(value: &Option<EntryValue>) -> Option<Content> {
    match value {
        Some(EntryValue::File { id, size: 1.., .. }) => Some(Content::File(*id)),
        Some(EntryValue::Symlink { target }) => Some(Content::Link(target.clone())),
        _ => None,
    }
}

/// Finds the renames of both sides and moves what is open at the old paths to the new ones.
pub(super) fn follow(walk: &mut Walk<'_>, is_virtual: bool) -> Result<(), MergeError> {
    let mut renames: BTreeMap<RepoPath, [Option<RepoPath>; 2]> = BTreeMap::new();
    for side in SIDES {
        for (old, new) in find(walk, side)? {
            renames.entry(old).or_default()[index(side)] = Some(new);
        }
    }
    for (old, targets) in renames {
        match targets {
            [Some(ours), Some(theirs)] if ours == theirs => renamed_alike(walk, &old, &ours)?,
            [Some(ours), Some(theirs)] => renamed_apart(walk, &old, &ours, &theirs)?,
            [Some(new), None] => renamed(walk, Side::Ours, &old, &new, is_virtual)?,
            [None, Some(new)] => renamed(walk, Side::Theirs, &old, &new, is_virtual)?,
            [None, None] => {}
        }
    }
    Ok(())
}

/// The renames of one side that matter.
fn find(walk: &Walk<'_>, side: Side) -> Result<Vec<(RepoPath, RepoPath)>, MergeError> {
    let mut wanted = HashSet::new();
    for stages in walk.open.values().filter(|s| s.side(side).is_none()) {
        wanted.extend(content(&stages.base));
    }
    for unseen in &walk.alike {
        each_file(walk, unseen, &mut |_, old, new| {
            wanted.extend(content(old).filter(|_| new.is_none()));
        })?;
    }
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let mut moves = Moves { wanted, gone: Vec::new(), added: Vec::new() };
    for (path, stages) in &walk.open {
        moves.note(path, &stages.base, stages.side(side));
    }
    for unseen in walk.one_sided[index(side)].iter().chain(&walk.alike) {
        each_file(walk, unseen, &mut |path, old, new| moves.note(path, old, new))?;
    }
    Ok(moves.pair())
}

/// Told of a path, and of the file there before and after.
type VisitFile<'v> = dyn FnMut(&RepoPath, &Option<EntryValue>, &Option<EntryValue>) + 'v;

/// Visits the files in which a difference consists.
fn each_file(
    walk: &Walk<'_>,
    unseen: &Unseen,
    visit: &mut VisitFile<'_>,
) -> Result<(), MergeError> {
    let Unseen { path, old, new } = unseen;
    let _ = diff::diff_values(walk.read, path.clone(), old.clone(), new.clone(), &mut |change| {
        visit(&change.path, &file(&change.old), &file(&change.new));
        Flow::Continue(())
    })?;
    Ok(())
}

/// What is gone and what is new on one side, as far as its content is wanted.
struct Moves {
    wanted: HashSet<Content>,
    gone: Vec<(RepoPath, Content)>,
    added: Vec<(RepoPath, Content)>,
}

impl Moves {
    fn note(&mut self, path: &RepoPath, old: &Option<EntryValue>, new: &Option<EntryValue>) {
        let (list, value) = match (old, new) {
            (Some(_), None) => (&mut self.gone, old),
            (None, Some(_)) => (&mut self.added, new),
            _ => return,
        };
        if let Some(content) = content(value).filter(|c| self.wanted.contains(c)) {
            list.push((path.clone(), content));
        }
    }

    /// Pairs what has the same name, then what is left.
    fn pair(mut self) -> Vec<(RepoPath, RepoPath)> {
        self.gone.sort_by(|a, b| a.0.cmp(&b.0));
        self.added.sort_by(|a, b| a.0.cmp(&b.0));
        let mut pairs = Vec::new();
        self.pair_by(|path| path.name().map(str::to_owned), &mut pairs);
        self.pair_by(|_| None, &mut pairs);
        pairs
    }

    /// Pairs what has the same content and the same `key`; takes it off the lists.
    fn pair_by(
        &mut self,
        key: impl Fn(&RepoPath) -> Option<String>,
        pairs: &mut Vec<(RepoPath, RepoPath)>,
    ) {
        let mut sources: HashMap<_, VecDeque<RepoPath>> = HashMap::new();
        for (path, content) in self.gone.drain(..) {
            sources.entry((content, key(&path))).or_default().push_back(path);
        }
        self.added.retain(|(new, content)| {
            let queue = sources.get_mut(&(content.clone(), key(new)));
            let old = queue.and_then(VecDeque::pop_front);
            pairs.extend(old.iter().map(|old| (old.clone(), new.clone())));
            old.is_none()
        });
        let left = sources.into_iter().flat_map(|((content, _), paths)| {
            paths.into_iter().map(move |path| (path, content.clone()))
        });
        self.gone.extend(left);
        self.gone.sort_by(|a, b| a.0.cmp(&b.0));
    }
}

/// Both sides renamed it to one path.
fn renamed_alike(walk: &mut Walk<'_>, old: &RepoPath, new: &RepoPath) -> Result<(), MergeError> {
    let base = leave(walk, old)?;
    let target = walk.stages(new)?;
    (target.base, target.origin) = (base, Some(old.clone()));
    Ok(())
}

/// Each side renamed it to another path: a conflict at all three.
fn renamed_apart(
    walk: &mut Walk<'_>,
    old: &RepoPath,
    ours: &RepoPath,
    theirs: &RepoPath,
) -> Result<(), MergeError> {
    let base = walk.stages(old)?.base.clone();
    let our_value = walk.stages(ours)?.ours.clone();
    let their_value = walk.stages(theirs)?.theirs.clone();
    let merged = super::resolve::content(&base, &our_value, &their_value, false).value;
    for (path, side) in [(ours, Side::Ours), (theirs, Side::Theirs)] {
        let target = walk.stages(path)?;
        *target.side_mut(side) = merged.clone();
        target.conflict = Some(ConflictKind::BothRenamed);
        target.origin = Some(old.clone());
    }
    let source = walk.stages(old)?;
    (source.ours, source.theirs) = (None, None);
    source.conflict = Some(ConflictKind::BothRenamed);
    Ok(())
}

/// One side renamed it; the other one changed or deleted it.
fn renamed(
    walk: &mut Walk<'_>,
    side: Side,
    old: &RepoPath,
    new: &RepoPath,
    is_virtual: bool,
) -> Result<(), MergeError> {
    let other = side.other();
    let source = walk.stages(old)?.clone();
    let target = walk.stages(new)?;
    let is_deleted = source.side(other).is_none();
    let is_same_type = is_link(source.side(other)) == is_link(target.side(side));
    let collides = target.side(other).is_some() && (is_deleted || is_same_type);
    if collides && is_deleted {
        target.conflict = Some(ConflictKind::RenamedDeleted);
    } else if collides {
        // The change follows the file, and what it gives meets what is there on the other side.
        let mut values =
            [source.base.clone(), target.side(side).clone(), source.side(other).clone()];
        if side == Side::Theirs {
            values.swap(1, 2);
        }
        let [base, ours, theirs] = values;
        let merged = super::resolve::content(&base, &ours, &theirs, is_virtual);
        *target.side_mut(side) = merged.value;
        target.origin = Some(old.clone());
    } else {
        target.base = source.base.clone();
        target.origin = Some(old.clone());
        if is_same_type && !is_deleted {
            *target.side_mut(other) = source.side(other).clone();
        } else {
            target.conflict = Some(ConflictKind::RenamedDeleted);
        }
        if !is_same_type && !is_deleted {
            // A link or a file took its place: that one stays, as if it were new.
            walk.stages(old)?.base = None;
            return Ok(());
        }
    }
    leave(walk, old)?;
    Ok(())
}

fn is_link(value: &Option<EntryValue>) -> bool {
    matches!(value, Some(EntryValue::Symlink { .. }))
}

/// Settles a path that was renamed away: nothing is left there. Returns what the base has.
fn leave(walk: &mut Walk<'_>, path: &RepoPath) -> Result<Option<EntryValue>, MergeError> {
    let stages = walk.stages(path)?;
    let base = stages.base.take();
    (stages.ours, stages.theirs) = (None, None);
    Ok(base)
}
