//! A remote in memory whose requests fail as a test wants them to.
//!
//! Creates are exact: one lock covers the look and the write. A fault is scripted by operation and key;
//! a request that is "lost" may have been carried out, or be carried out later.

use std::collections::BTreeMap;
use std::io::Write;
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::transport::{Capabilities, Created, Fault, Item, Transport, TransportError};

/// What befalls a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mishap {
    /// It does not arrive.
    NotSent,
    /// It is carried out, and the answer is lost.
    AnswerLost,
    /// It is carried out when [`Memory::deliver_late`] is called; until then nothing is seen of it.
    Late,
    /// The store answers that it is busy.
    Busy,
    /// The store answers that it is not allowed.
    Denied,
    /// Half of the bytes come, then the connection breaks.
    Short,
}

/// The operations of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// `read`.
    Read,
    /// `put`.
    Put,
    /// `create_if_absent`.
    Create,
    /// `list`.
    List,
    /// `delete`.
    Delete,
}

#[derive(Default)]
struct Inner {
    keys: BTreeMap<String, Vec<u8>>,
    scripted: Vec<(Operation, String, Mishap)>,
    late: Vec<(Operation, String, Vec<u8>)>,
    ignores_conditions: bool,
}

/// A store in memory.
#[derive(Default)]
pub struct Memory {
    inner: Mutex<Inner>,
}

impl Memory {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// A store that takes the condition of a create and does not keep it, as some servers do.
    pub fn ignoring_conditions() -> Self {
        let inner = Inner { ignores_conditions: true, ..Inner::default() };
        Self { inner: Mutex::new(inner) }
    }

    /// Lets the next `operation` on a key that begins with `prefix` go wrong.
    pub fn script(&self, operation: Operation, prefix: &str, mishap: Mishap) {
        self.lock().scripted.push((operation, prefix.to_owned(), mishap));
    }

    /// Carries out the requests that were late.
    pub fn deliver_late(&self) {
        let mut inner = self.lock();
        for (operation, key, bytes) in std::mem::take(&mut inner.late) {
            match operation {
                Operation::Create => drop(inner.keys.entry(key).or_insert(bytes)),
                Operation::Put => drop(inner.keys.insert(key, bytes)),
                _ => drop(inner.keys.remove(&key)),
            }
        }
    }

    /// All keys, ascending.
    pub fn keys(&self) -> Vec<String> {
        self.lock().keys.keys().cloned().collect()
    }

    /// Changes or removes the bytes under a key behind everybody's back.
    pub fn tamper(&self, key: &str, change: impl FnOnce(&mut Vec<u8>) -> bool) {
        let mut inner = self.lock();
        if let Some(bytes) = inner.keys.get_mut(key)
            && !change(bytes)
        {
            inner.keys.remove(key);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(
        &self,
        operation: Operation,
        key: &str,
        bytes: Vec<u8>,
        act: impl FnOnce(&mut Inner, Vec<u8>) -> Created,
    ) -> Result<Created, TransportError> {
        let mut inner = self.lock();
        let fail = |fault, detail| Err(TransportError::new("write", "memory", key, fault, detail));
        match inner.take_mishap(operation, key) {
            None => Ok(act(&mut inner, bytes)),
            Some(Mishap::NotSent | Mishap::Short) => fail(Fault::Lost, "the request was lost"),
            Some(Mishap::AnswerLost) => {
                act(&mut inner, bytes);
                fail(Fault::Lost, "the answer was lost")
            }
            Some(Mishap::Late) => {
                inner.late.push((operation, key.to_owned(), bytes));
                fail(Fault::Lost, "no answer in time")
            }
            Some(Mishap::Busy) => fail(Fault::Busy, "slow down"),
            Some(Mishap::Denied) => fail(Fault::Denied, "access denied"),
        }
    }
}

impl Inner {
    fn take_mishap(&mut self, operation: Operation, key: &str) -> Option<Mishap> {
        let is_meant = |(o, prefix, _): &(Operation, String, Mishap)| {
            *o == operation && key.starts_with(prefix.as_str())
        };
        let at = self.scripted.iter().position(is_meant)?;
        Some(self.scripted.remove(at).2)
    }
}

impl Transport for Memory {
    fn place(&self) -> String {
        "memory".to_owned()
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { has_atomic_create: true, parallel: 2 }
    }

    fn read(
        &self,
        key: &str,
        range: Option<Range<u64>>,
        out: &mut dyn Write,
    ) -> Result<u64, TransportError> {
        let mut inner = self.lock();
        let mishap = inner.take_mishap(Operation::Read, key);
        let fail = |fault, detail: &str| TransportError::new("read", "memory", key, fault, detail);
        match mishap {
            Some(Mishap::Busy) => return Err(fail(Fault::Busy, "slow down")),
            Some(Mishap::Denied) => return Err(fail(Fault::Denied, "access denied")),
            None | Some(Mishap::Short) => {}
            Some(_) => return Err(fail(Fault::Lost, "no answer in time")),
        }
        let bytes = inner.keys.get(key).ok_or_else(|| fail(Fault::Missing, "no such key"))?;
        let range = range.unwrap_or(0..u64::MAX);
        let clip = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(bytes.len());
        let part = &bytes[clip(range.start)..clip(range.end).max(clip(range.start))];
        let sent = if mishap.is_some() { &part[..part.len() / 2] } else { part };
        out.write_all(sent).map_err(|e| fail(Fault::Failed, &e.to_string()))?;
        match mishap {
            Some(_) => Err(fail(Fault::Lost, "the connection broke")),
            None => Ok(part.len() as u64),
        }
    }

    fn put(&self, key: &str, bytes: Vec<u8>) -> Result<(), TransportError> {
        let act = |inner: &mut Inner, bytes| {
            inner.keys.insert(key.to_owned(), bytes);
            Created::Made
        };
        self.write(Operation::Put, key, bytes, act).map(|_| ())
    }

    fn create_if_absent(&self, key: &str, bytes: &[u8]) -> Result<Created, TransportError> {
        let act = |inner: &mut Inner, bytes| {
            if inner.keys.contains_key(key) && !inner.ignores_conditions {
                return Created::Taken;
            }
            inner.keys.insert(key.to_owned(), bytes);
            Created::Made
        };
        self.write(Operation::Create, key, bytes.to_vec(), act)
    }

    fn list(&self, prefix: &str, after: Option<&str>) -> Result<Vec<Item>, TransportError> {
        let mut inner = self.lock();
        if inner.take_mishap(Operation::List, prefix).is_some() {
            return Err(TransportError::new("list", "memory", prefix, Fault::Lost, "no answer"));
        }
        let found = inner.keys.range(prefix.to_owned()..).filter(|(key, _)| {
            key.starts_with(prefix) && after.is_none_or(|after| key.as_str() > after)
        });
        let item = |(key, bytes): (&String, &Vec<u8>)| Item {
            key: key.clone(),
            bytes: bytes.len() as u64,
            modified: 0,
        };
        Ok(found.take(1000).map(item).collect())
    }

    fn delete(&self, key: &str) -> Result<(), TransportError> {
        let act = |inner: &mut Inner, _| {
            inner.keys.remove(key);
            Created::Made
        };
        self.write(Operation::Delete, key, Vec::new(), act).map(|_| ())
    }
}
