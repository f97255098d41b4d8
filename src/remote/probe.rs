//! Finds out whether a store does what it promises: that of several creates of one key exactly one
//! wins, and that its bytes are the ones read.
//!
//! Many servers take the condition of a create and ignore it. Nothing else can reveal such a store:
//! reading back what one wrote shows the bytes of whoever wrote last.

use std::sync::Barrier;
use std::thread;

use super::transport::{Created, Transport, TransportError, get};

const ROUNDS: usize = 3;
const WRITERS: usize = 4;

/// What a probe found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Probe {
    /// Exactly one of several creates won, each time.
    pub has_atomic_create: bool,
    /// Keys can be deleted.
    pub can_delete: bool,
}

/// Writes a few small keys that begin with `probe/`, and removes them again.
pub fn probe(transport: &dyn Transport) -> Result<Probe, TransportError> {
    let mut probe = Probe { has_atomic_create: true, can_delete: true };
    for _ in 0..ROUNDS {
        let bits = getrandom::u64().unwrap_or_else(|_| u64::from(std::process::id()));
        let key = format!("probe/{bits:016x}");
        probe.has_atomic_create &= round(transport, &key)?;
        probe.can_delete &= match transport.delete(&key) {
            Ok(()) => true,
            Err(e) if e.is_denied() => false,
            Err(e) => return Err(e),
        };
    }
    Ok(probe)
}

fn round(transport: &dyn Transport, key: &str) -> Result<bool, TransportError> {
    let barrier = Barrier::new(WRITERS);
    let body = |writer: usize| format!("writer {writer} {}", "x".repeat(writer * 100));
    let write = |writer| {
        barrier.wait();
        transport.create_if_absent(key, body(writer).as_bytes())
    };
    let write = &write;
    let results: Vec<_> = thread::scope(|scope| {
        let running: Vec<_> = (0..WRITERS).map(|w| scope.spawn(move || write(w))).collect();
        running.into_iter().map(|w| w.join().expect("a writer does not panic")).collect()
    });
    let mut winners = Vec::new();
    for (writer, result) in results.into_iter().enumerate() {
        match result {
            Ok(Created::Made) => winners.push(writer),
            Ok(Created::Taken) => {}
            Err(e) => return Err(e),
        }
    }
    // One after the other as well: a store may tell apart what comes at once and nothing else.
    let late = transport.create_if_absent(key, b"late")?;
    let read = get(transport, key, 4096)?;
    Ok(match winners[..] {
        [winner] => late == Created::Taken && read == body(winner).as_bytes(),
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::super::memory::{Memory, Mishap, Operation};
    use super::*;

    #[test]
    fn a_store_that_ignores_conditions_is_caught() {
        assert!(probe(&Memory::new()).expect("probe").has_atomic_create);
        assert!(!probe(&Memory::ignoring_conditions()).expect("probe").has_atomic_create);
    }

    #[test]
    fn a_store_that_forbids_deletes_is_usable() {
        let memory = Memory::new();
        memory.script(Operation::Delete, "probe/", Mishap::Denied);
        let found = probe(&memory).expect("probe");
        assert_eq!(found, Probe { has_atomic_create: true, can_delete: false });
    }
}
