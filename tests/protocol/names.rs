//! Names of packs and sessions. Each session has its own names, so that which name is given next depends on
//! that session alone, and one remote has one spelling.

/// A pack, as its place in a mask: first those that were there from the start, then those of each session.
pub type PackId = u8;
pub type Packs = u128;
/// A session: 0 wrote what was there from the start, the others belong to one process each.
pub type SessionId = u8;
pub type Sessions = u32;

/// Packs that are there from the start.
pub const FIRST_PACKS: u8 = 8;
/// How many names a session may use; after them its process stops.
pub const NAMES_PER_SESSION: u8 = 6;
/// How many sessions a process may start; after them it stops.
pub const SESSIONS_PER_PROCESS: u8 = 3;

pub const fn bit(pack: PackId) -> Packs {
    1 << pack
}

pub const fn session_bit(session: SessionId) -> Sessions {
    1 << session
}

/// The present or last session of a process that started `sessions` of them.
pub const fn session(process: usize, sessions: u8) -> SessionId {
    process as u8 * SESSIONS_PER_PROCESS + sessions
}

pub const fn session_of(pack: PackId) -> SessionId {
    if pack < FIRST_PACKS { 0 } else { 1 + (pack - FIRST_PACKS) / NAMES_PER_SESSION }
}

/// The names that a session may use.
pub const fn packs_of(session: SessionId) -> Packs {
    if session == 0 {
        return (1 << FIRST_PACKS) - 1;
    }
    ((1 << NAMES_PER_SESSION) - 1) << (FIRST_PACKS + (session - 1) * NAMES_PER_SESSION)
}

/// The places of the bits that are set, from the lowest.
pub fn pack_members(mut packs: Packs) -> impl Iterator<Item = PackId> {
    std::iter::from_fn(move || {
        let lowest = packs.trailing_zeros();
        packs &= packs.wrapping_sub(1);
        (lowest < Packs::BITS).then_some(lowest as PackId)
    })
}
