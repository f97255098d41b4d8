//! One path: what the merge makes of three values, and whether that is a conflict.

use super::ConflictKind;
use super::walk::Stages;
use crate::id::BlobId;
use crate::object::tree::EntryValue;

/// What is left at a path.
pub(super) struct Resolved {
    pub value: Option<EntryValue>,
    pub conflict: Option<ConflictKind>,
}

/// What two changes of one file give.
pub(super) struct Content {
    pub value: Option<EntryValue>,
    pub is_clean: bool,
}

/// Decides on a path whose sides are not two different types. In a virtual base conflicts leave what
/// the base has.
pub(super) fn path(stages: &Stages, is_virtual: bool) -> Resolved {
    let Stages { base, ours, theirs, conflict, .. } = stages;
    let clean = |value: &Option<EntryValue>| Resolved { value: value.clone(), conflict: *conflict };
    match (base, ours, theirs) {
        (_, Some(a), Some(b)) if a == b => clean(ours),
        (Some(o), Some(a), Some(_)) if o == a => clean(theirs),
        (Some(o), Some(_), Some(b)) if o == b => clean(ours),
        (_, Some(_), Some(_)) => {
            let kind = match base {
                Some(_) => ConflictKind::BothModified,
                None => ConflictKind::BothAdded,
            };
            let Content { value, is_clean } = content(base, ours, theirs, is_virtual);
            Resolved { value, conflict: conflict.or((!is_clean).then_some(kind)) }
        }
        (Some(o), Some(one), None) | (Some(o), None, Some(one)) => {
            if o == one && conflict.is_none() {
                return Resolved { value: None, conflict: None };
            }
            let kind = match ours {
                Some(_) => ConflictKind::DeletedByThem,
                None => ConflictKind::DeletedByUs,
            };
            let value = if is_virtual { o } else { one };
            Resolved { value: Some(value.clone()), conflict: Some(conflict.unwrap_or(kind)) }
        }
        (None, Some(_), None) => clean(ours),
        (None, None, Some(_)) => clean(theirs),
        (_, None, None) => clean(&None),
    }
}

/// Merges two files, or two links; their content and their executable bit apart from each other.
pub(super) fn content(
    base: &Option<EntryValue>,
    ours: &Option<EntryValue>,
    theirs: &Option<EntryValue>,
    is_virtual: bool,
) -> Content {
    use EntryValue::{File, Symlink};
    let (Some(ours), Some(theirs)) = (ours, theirs) else {
        return Content { value: None, is_clean: false };
    };
    let (
        File { id: our_id, size: our_size, executable: our_bit },
        File { id: their_id, size: their_size, executable: their_bit },
    ) = (ours, theirs)
    else {
        return link(base, ours, theirs, is_virtual);
    };
    let (old, old_bit) = match base {
        Some(File { id, size, executable }) => (Some((*id, *size)), Some(*executable)),
        Some(Symlink { .. } | EntryValue::Directory { .. }) | None => (None, None),
    };
    let (a, b) = ((*our_id, *our_size), (*their_id, *their_size));
    let takes_their_bit = our_bit == their_bit || Some(*our_bit) == old_bit;
    let bit_is_clean = takes_their_bit || Some(*their_bit) == old_bit;
    let executable = if takes_their_bit { *their_bit } else { *our_bit };
    let ((id, size), is_clean) = if a == b || Some(a) == old {
        (b, true)
    } else if Some(b) == old {
        (a, true)
    } else if is_virtual {
        (old.unwrap_or((BlobId::EMPTY, 0)), false)
    } else {
        (a, false)
    };
    Content { value: Some(File { id, size, executable }), is_clean: is_clean && bit_is_clean }
}

fn link(
    base: &Option<EntryValue>,
    ours: &EntryValue,
    theirs: &EntryValue,
    is_virtual: bool,
) -> Content {
    let (value, is_clean) = if ours == theirs || base.as_ref() == Some(ours) {
        (Some(theirs.clone()), true)
    } else if base.as_ref() == Some(theirs) {
        (Some(ours.clone()), true)
    } else if is_virtual {
        (base.clone(), false)
    } else {
        (Some(ours.clone()), false)
    };
    Content { value, is_clean }
}
