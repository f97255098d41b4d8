//! What must hold in every state, and what must happen in some.

use stateright::Property;

use crate::collect::recipe_read;
use crate::model::{Protocol, session_now};
use crate::names::session_bit;
use crate::objects::{BLOBS, CHUNKS, IN_BLOBS, closure, members};
use crate::rules::Condition;
use crate::state::{Phase, State};

// What the protocol promises.
pub const COMPLETE: &str = "every ref is complete in live packs";
pub const LISTED: &str = "listed packs exist";
pub const READERS: &str = "readers within the grace find all";
pub const UPDATES: &str = "no update is lost";
pub const ONCE: &str = "a push with its journal moves its refs once";
pub const NAMES: &str = "no name is used again";
pub const ANSWERS: &str = "what was acknowledged was committed";

pub fn all() -> Vec<Property<Protocol>> {
    vec![
        Property::always(COMPLETE, is_complete),
        Property::always(LISTED, |_, state: &State| {
            (state.root.live | state.root.staged) & !state.store == 0
        }),
        Property::always("what was condemned is never listed again", |_, state: &State| {
            (state.root.live | state.root.staged) & state.root.condemned == 0
        }),
        Property::always("answered packs of unfenced sessions exist", unfenced_exist),
        Property::always(READERS, |_, state: &State| {
            state.reader.is_none_or(|reader| reader.needs & !state.store == 0)
        }),
        Property::always(UPDATES, |_, state: &State| !state.broken.lost_update),
        Property::always(ONCE, |_, state: &State| !state.broken.moved_twice),
        Property::always(NAMES, |_, state: &State| !state.broken.name_reused),
        Property::always(ANSWERS, |_, state: &State| !state.broken.false_answer),
        Property::sometimes("a push is acknowledged", |_, state: &State| {
            state.processes.iter().any(|process| process.phase == Phase::Acknowledged)
        }),
        Property::sometimes("a pack is deleted", |_, state: &State| {
            state.root.condemned & !state.store != 0
        }),
        Property::sometimes("a running session is fenced", |_, state: &State| {
            (0..state.processes.len()).any(|at| {
                let is_fenced = state.root.fenced & session_bit(session_now(state, at)) != 0;
                is_fenced && state.processes[at].phase == Phase::Ready
            })
        }),
    ]
}

/// Every object that a ref reaches is found as readers find it.
fn is_complete(model: &Protocol, state: &State) -> bool {
    let reachable = state.reachable();
    let live = state.root.live;
    let held = state.holds_together(live);
    let blob_is_read = |blob| {
        let recipe = recipe_read(state, blob, model.keeps(Condition::DeadRecipesNotRead));
        recipe.is_some_and(|recipe| {
            recipe.names & !live == 0
                && closure(blob) & CHUNKS & !state.holds_together(recipe.names) == 0
        })
    };
    reachable & !BLOBS & !IN_BLOBS & !held == 0 && members(reachable & BLOBS).all(blob_is_read)
}

fn unfenced_exist(_: &Protocol, state: &State) -> bool {
    (0..state.processes.len()).all(|at| {
        let is_fenced = state.root.fenced & session_bit(session_now(state, at)) != 0;
        is_fenced || state.processes[at].answered & !state.store == 0
    })
}
