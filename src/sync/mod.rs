//! The protocol that remotes are shared by: roots, sessions, pushes and fetches.
//!
//! A remote is a plain key space (`remote`). Its state is the newest *root*, a small object that is
//! created once under the next number and never changed; all else is immutable and named by the session
//! that wrote it. There is no lock, lease, clock or listing that correctness rests on: whoever would
//! replace root `n` checks everything it relies on against root `n` itself, and then creates `n + 1` or
//! finds it taken. `docs/remote-protocol.md` holds the bytes and the rules by their numbers.
//!
//! The steps of the protocol are functions of these names, which the model of the protocol in `tests`
//! uses too: `start_session`, `decide_missing`, `upload_packs`, `journal_intent`, `check_against_root`,
//! `create_root`, `read_back`, `rebase`, `resume_session`.

mod absent;
pub mod arriving;
mod blocks;
pub mod cache;
mod cbor;
pub mod chain;
pub mod check;
pub mod collect;
mod cut;
pub mod download;
pub mod elsewhere;
mod error;
mod fold;
pub mod joined;
pub mod journal;
pub mod listing;
pub mod lookup;
pub mod mark;
pub mod missing;
pub mod objects;
mod places;
mod publish;
pub mod push;
pub mod reading;
pub mod rebase;
pub mod repair;
pub mod root;
pub mod session;
mod source;
pub mod state;
pub mod trailers;
mod untouched;
pub mod upload;

#[cfg(test)]
mod tests;

pub use error::{Refused, SyncError};
