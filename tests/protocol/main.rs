//! The remote protocol, explored by a model checker: every interleaving of a few pushes and collections,
//! crashes, and requests that are lost, late or repeated.
//!
//! `docs/design/0004-remote-protocol-model.md` says what is modelled and what is not. Every configuration is
//! explored to its end; then each condition of the protocol's rules is dropped alone, and a counterexample
//! must be found. `ESKER_PROTOCOL_BOUNDS=large` lets more go wrong (minutes and gigabytes): run it optimised
//! and with `--nocapture`, which prints a line for each configuration.

mod collect;
mod commit;
mod configurations;
mod model;
mod names;
mod objects;
mod properties;
mod push;
mod resume;
mod rules;
mod state;

use std::fmt::Write;
use std::time::Instant;

use stateright::{Checker, HasDiscoveries, Model, Path};

use configurations::Configuration;
use model::{Action, Protocol};
use rules::MUTATIONS;
use state::State;

/// How many states may be looked at before a dropped condition counts as never missed.
const MUTATION_BOUND: usize = 300_000;

#[test]
fn two_pushers_and_collections() {
    explore(configurations::two_pushers());
}

#[test]
fn marks_brought_up_to_date() {
    explore(configurations::incremental());
}

#[test]
fn an_anchor_is_deleted() {
    explore(configurations::deletion());
}

#[test]
fn a_ref_is_forced_pushed_and_deleted() {
    explore(configurations::forced());
}

#[test]
fn a_session_is_resumed() {
    explore(configurations::resumed());
}

#[test]
fn a_chain_beside_a_push() {
    explore(configurations::chain());
}

#[test]
fn a_chain_is_resumed() {
    explore(configurations::resumed_chain());
}

#[test]
fn two_recipes_of_one_blob() {
    explore(configurations::recipes());
}

#[test]
fn a_recipe_is_rewritten() {
    explore(configurations::rewriting());
}

#[test]
fn recipes_of_dead_packs() {
    explore(configurations::dead_recipes());
}

#[test]
fn two_refs_in_one_push() {
    explore(configurations::two_refs());
}

#[test]
fn a_partial_clone_pushes() {
    explore(configurations::partial());
}

#[test]
fn two_collectors_and_a_reader() {
    explore(configurations::two_collectors());
}

#[test]
fn a_push_folds_a_pack() {
    explore(configurations::folding());
}

#[test]
fn a_push_folds_what_recipes_name() {
    explore(configurations::folding_recipes());
}

#[test]
fn a_kept_commit_outlives_its_branch() {
    explore(configurations::keep());
}

#[test]
fn a_pack_is_repaired() {
    explore(configurations::repair());
}

#[test]
fn every_condition_is_needed() {
    let idle: String = MUTATIONS
        .iter()
        .filter_map(|mutation| {
            let configuration = (mutation.configuration)();
            let name = configuration.name;
            let protocol = Protocol { configuration, dropped: Some(mutation.dropped) };
            let found = HasDiscoveries::AnyOf([mutation.breaks].into());
            let checker = protocol
                .checker()
                .finish_when(found)
                .target_state_count(MUTATION_BOUND)
                .spawn_bfs()
                .join();
            let steps = checker.discovery(mutation.breaks).map(|path| path.into_actions().len());
            let states = checker.unique_state_count();
            println!(
                "{:?} | {name} | {} | {steps:?} | {states}",
                mutation.dropped, mutation.breaks
            );
            let idle = || {
                format!(
                    "\n{:?} in \"{name}\": \"{}\" held in {states} states",
                    mutation.dropped, mutation.breaks
                )
            };
            steps.is_none().then(idle)
        })
        .collect();
    assert!(idle.is_empty(), "conditions that nothing misses:{idle}");
}

/// Visits every state; all that is promised must hold in each, and the run must be worth something.
fn explore(mut configuration: Configuration) {
    let is_large =
        std::env::var_os("ESKER_PROTOCOL_BOUNDS").is_some_and(|bounds| bounds == "large");
    let mut threads = 1;
    if is_large {
        configuration.faults = configuration.more_faults;
        threads = std::thread::available_parallelism().map_or(1, |count| count.get());
    }
    let name = configuration.name;
    let started = Instant::now();
    let protocol = Protocol { configuration, dropped: None };
    let checker = protocol
        .checker()
        .finish_when(HasDiscoveries::AnyFailures)
        .threads(threads)
        .spawn_bfs()
        .join();
    let (states, depth) = (checker.unique_state_count(), checker.max_depth());
    println!("{name} | {states} | {depth} | {:.1} s", started.elapsed().as_secs_f32());
    for property in checker.model().properties() {
        let discovery = checker.discovery(property.name);
        match property.expectation.discovery_is_failure() {
            true => assert!(
                discovery.is_none(),
                "{name}: not so: {}{}",
                property.name,
                steps(discovery)
            ),
            false => {
                assert!(discovery.is_some(), "{name}: it never happened that {}", property.name)
            }
        }
    }
}

/// A counterexample, one transition a line, and the state it ends in.
fn steps(path: Option<Path<State, Action>>) -> String {
    let mut text = String::new();
    let Some(path) = path else { return text };
    let last = path.last_state().clone();
    for (number, action) in path.into_actions().into_iter().enumerate() {
        write!(text, "\n{:>4}. {action:?}", number + 1).expect("a string takes all");
    }
    write!(text, "\n{last:#?}").expect("a string takes all");
    text
}
