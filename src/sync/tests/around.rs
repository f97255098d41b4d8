//! Stores in front of another, which see each request and may do something about it.

use std::io::Write;
use std::ops::Range;
use std::sync::Mutex;

use crate::remote::memory::Operation;
use crate::remote::{Capabilities, Created, Item, Transport, TransportError};

/// What a store in front of another does with a request.
pub trait Around: Send + Sync {
    /// The store behind.
    fn inner(&self) -> &dyn Transport;

    /// Called with each request; `act` carries it out.
    fn pass<T>(
        &self,
        operation: Operation,
        key: &str,
        act: impl FnOnce() -> Result<T, TransportError>,
    ) -> Result<T, TransportError>;

    /// Called with each read whose bytes are to be handed on; as any other request, if not said otherwise.
    fn pass_read(
        &self,
        key: &str,
        range: Option<Range<u64>>,
        out: &mut dyn Write,
    ) -> Result<u64, TransportError> {
        self.pass(Operation::Read, key, || self.inner().read(key, range, out))
    }
}

impl<A: Around> Transport for A {
    fn place(&self) -> String {
        self.inner().place()
    }

    fn capabilities(&self) -> Capabilities {
        self.inner().capabilities()
    }

    fn read(
        &self,
        key: &str,
        range: Option<Range<u64>>,
        out: &mut dyn Write,
    ) -> Result<u64, TransportError> {
        self.pass_read(key, range, out)
    }

    fn put(&self, key: &str, bytes: Vec<u8>) -> Result<(), TransportError> {
        self.pass(Operation::Put, key, || self.inner().put(key, bytes))
    }

    fn create_if_absent(&self, key: &str, bytes: &[u8]) -> Result<Created, TransportError> {
        self.pass(Operation::Create, key, || self.inner().create_if_absent(key, bytes))
    }

    fn list(&self, prefix: &str, after: Option<&str>) -> Result<Vec<Item>, TransportError> {
        self.pass(Operation::List, prefix, || self.inner().list(prefix, after))
    }

    fn unfinished(&self) -> Result<Vec<Item>, TransportError> {
        self.inner().unfinished()
    }

    fn delete(&self, key: &str) -> Result<(), TransportError> {
        self.pass(Operation::Delete, key, || self.inner().delete(key))
    }
}

/// A store that does something else just before the first creates of roots.
pub struct Before<'b, F: Fn()> {
    inner: &'b dyn Transport,
    act: F,
    /// Before how many more.
    left: Mutex<u32>,
}

impl<'b, F: Fn()> Before<'b, F> {
    pub fn create(inner: &'b dyn Transport, act: F) -> Self {
        Self::creates(inner, 1, act)
    }

    pub fn creates(inner: &'b dyn Transport, times: u32, act: F) -> Self {
        Self { inner, act, left: Mutex::new(times) }
    }

    fn is_due(&self) -> bool {
        let mut left = self.left.lock().expect("lock");
        let is_due = *left > 0;
        *left = left.saturating_sub(1);
        is_due
    }
}

// The closures of these tests touch nothing that threads share.
impl<F: Fn() + Send + Sync> Around for Before<'_, F> {
    fn inner(&self) -> &dyn Transport {
        self.inner
    }

    fn pass<T>(
        &self,
        operation: Operation,
        _: &str,
        act: impl FnOnce() -> Result<T, TransportError>,
    ) -> Result<T, TransportError> {
        if operation == Operation::Create && self.is_due() {
            (self.act)();
        }
        act()
    }
}
