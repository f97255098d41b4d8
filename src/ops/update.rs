//! `update`: moves pins to the newest commit of what they follow.

use std::collections::BTreeSet;

use super::locked::{Lock, Remotes};
use super::pin::{self, PinOutcome};
use super::{Context, OpError, keeping};

/// Which pins, and where to.
#[derive(Clone, Debug, Default)]
pub struct UpdateOptions {
    /// Where they go; all pins when empty.
    pub pins: Vec<String>,
    /// The revision; the branch or tag that each follows when absent.
    pub revision: Option<String>,
    /// Change nothing.
    pub dry_run: bool,
}

/// Moves pins. Brings no data.
pub fn run(ctx: &Context, options: &UpdateOptions) -> Result<PinOutcome, OpError> {
    let mut lock = Lock::find(ctx)?;
    let mut remotes = Remotes::default();
    let (mut changes, mut kept, mut warnings) = (Vec::new(), BTreeSet::new(), Vec::new());
    for (dest, old) in lock.select(ctx, &options.pins)? {
        let there = remotes.of(ctx, &lock, &dest, &old)?;
        let new = pin::renewed(ctx, there, &old, options.revision.as_deref())?;
        changes.push(pin::change(&dest, &new, Some(&old)));
        // The same data under another commit is no change: files of the project stay as they are.
        if new.pinned != old.pinned || options.revision.is_some() {
            if !options.dry_run && kept.insert((new.remote.clone(), new.commit)) {
                warnings.extend(keeping::from_there(ctx, there, new.commit));
            }
            lock.pins.0.insert(dest, new);
        }
    }
    if !options.dry_run {
        lock.write()?;
    }
    Ok(PinOutcome { lock: lock.path, pins: changes, warnings })
}
