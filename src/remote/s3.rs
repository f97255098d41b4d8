//! A remote in a bucket of S3 or of a server that speaks as it does.
//!
//! Creates are conditional puts. A `409` means that another create of the key was under way and says
//! nothing of who won: it is reported as taken, and the caller reads back. There is no limit on how
//! long a request may take, only on how long nothing may move.

mod line;
#[cfg(test)]
mod moving_tests;
mod names;
mod reach;
#[cfg(test)]
mod tls_tests;
pub(super) mod words;

use std::future::Future;
use std::io::Write;
use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use futures_util::StreamExt;
use object_store::aws::AmazonS3;
use object_store::path::Path;
use object_store::{
    Error, GetOptions, GetRange, ObjectMeta, ObjectStore, ObjectStoreExt, PutMode, PutOptions,
    PutPayload,
};
use tokio::runtime::{Builder, Runtime};

use super::pace::Pace;
use super::transport::{Capabilities, Created, Fault, Item, Transport, TransportError};
pub use reach::S3Options;
use words::{detail_of, fault_of};

/// How often a transfer that broke is taken up again: a read where it was.
const ATTEMPTS: u32 = 5;
const PAGE: usize = 1000;

/// Keys of a bucket below a prefix.
pub struct S3 {
    // Dropped without waiting: a connection that is idle keeps nobody.
    runtime: Option<Runtime>,
    store: AmazonS3,
    prefix: String,
    place: String,
    host: String,
}

impl Drop for S3 {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl S3 {
    /// A bucket. Asks for its region if that is not known, and for credentials if they have to be asked for;
    /// of the bucket itself nothing is asked yet.
    pub fn new(
        bucket: &str,
        prefix: &str,
        options: &S3Options,
        pace: Option<Arc<Pace>>,
    ) -> Result<Self, TransportError> {
        let place = match prefix {
            "" => format!("s3://{bucket}"),
            prefix => format!("s3://{bucket}/{prefix}"),
        };
        let fail = |(fault, detail)| TransportError::new("reach", &place, "", fault, detail);
        // The first of the process counts; a second one changes nothing.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .map_err(|e| fail((Fault::Failed, e.to_string())))?;
        let endpoint = options.endpoint().map_err(fail)?;
        let store = runtime.block_on(options.open(bucket, endpoint.as_deref(), pace));
        let store = store.map_err(fail)?;
        let host = endpoint.unwrap_or_else(|| "AWS".to_owned());
        Ok(Self { runtime: Some(runtime), store, prefix: prefix.to_owned(), place, host })
    }

    fn path(&self, key: &str) -> Path {
        match (self.prefix.as_str(), key) {
            ("", key) => Path::from(key),
            (prefix, "") => Path::from(prefix),
            (prefix, key) => Path::from(format!("{prefix}/{key}")),
        }
    }

    fn error(&self, op: &'static str, key: &str, e: &Error) -> TransportError {
        let place = format!("{} ({})", self.place, self.host);
        TransportError::new(op, place, key, fault_of(e), detail_of(e))
    }

    fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.as_ref().expect("only taken when dropped").block_on(future)
    }

    fn put_once(&self, key: &str, payload: PutPayload) -> Result<(), TransportError> {
        let path = self.path(key);
        let put = self.store.put_opts(&path, payload, PutOptions::default());
        self.wait(put).map(|_| ()).map_err(|e| self.error("write", key, &e))
    }

    /// One attempt to read from `start` on; adds to `done` what was handed on.
    fn read_once(
        &self,
        key: &str,
        range: Option<Range<u64>>,
        out: &mut dyn Write,
        done: &mut u64,
    ) -> Result<(), TransportError> {
        let path = self.path(key);
        let range = range.map(GetRange::Bounded).or(match *done {
            0 => None,
            start => Some(GetRange::Offset(start)),
        });
        let options = GetOptions { range, ..GetOptions::default() };
        let fail = |e: Error| self.error("read", key, &e);
        let answer = self.wait(self.store.get_opts(&path, options)).map_err(fail)?;
        let mut stream = answer.into_stream();
        while let Some(bytes) = self.wait(stream.next()) {
            let bytes = bytes.map_err(fail)?;
            out.write_all(&bytes)
                .map_err(|e| TransportError::new("read", &self.place, key, Fault::Failed, e))?;
            *done += bytes.len() as u64;
        }
        Ok(())
    }
}

/// Runs a request until it is done, or has failed in a way that trying again will not mend. Each time it is signed
/// anew, which the library below does not do.
fn again(mut request: impl FnMut() -> Result<(), TransportError>) -> Result<(), TransportError> {
    for attempt in 1..ATTEMPTS {
        match request() {
            Err(e) if e.is_uncertain() => thread::sleep(Duration::from_millis(100 << attempt)),
            result => return result,
        }
    }
    request()
}

impl Transport for S3 {
    fn place(&self) -> String {
        self.place.clone()
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { has_atomic_create: true, parallel: 8 }
    }

    fn read(
        &self,
        key: &str,
        range: Option<Range<u64>>,
        out: &mut dyn Write,
    ) -> Result<u64, TransportError> {
        if range.as_ref().is_some_and(|range| range.is_empty()) {
            return Ok(0);
        }
        let start = range.as_ref().map_or(0, |range| range.start);
        let mut done = start;
        again(|| {
            let rest = range.as_ref().map(|range| done..range.end);
            self.read_once(key, rest, out, &mut done)
        })?;
        Ok(done - start)
    }

    fn put(&self, key: &str, bytes: Vec<u8>) -> Result<(), TransportError> {
        let payload = PutPayload::from(bytes);
        again(|| self.put_once(key, payload.clone()))
    }

    fn create_if_absent(&self, key: &str, bytes: &[u8]) -> Result<Created, TransportError> {
        let path = self.path(key);
        let payload = PutPayload::from(bytes.to_vec());
        let options = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        let put = self.store.put_opts(&path, payload, options);
        match self.wait(put) {
            Ok(_) => Ok(Created::Made),
            Err(Error::AlreadyExists { .. } | Error::Precondition { .. }) => Ok(Created::Taken),
            Err(e) => {
                let mut error = self.error("create", key, &e);
                // Whatever went wrong, the key may be there: only a refusal is certain.
                if !error.is_denied() && !error.is_missing() {
                    error.fault = Fault::Lost;
                }
                Err(error)
            }
        }
    }

    fn list(&self, prefix: &str, after: Option<&str>) -> Result<Vec<Item>, TransportError> {
        let path = self.path(prefix.trim_end_matches('/'));
        let path = (!path.as_ref().is_empty()).then_some(path);
        let stream = match after {
            Some(after) => self.store.list_with_offset(path.as_ref(), &self.path(after)),
            None => self.store.list(path.as_ref()),
        };
        let mut stream: Pin<Box<_>> = Box::pin(stream.take(PAGE));
        let mut items = Vec::new();
        while let Some(meta) = self.wait(stream.next()) {
            items.extend(self.item(&meta.map_err(|e| self.error("list", prefix, &e))?));
        }
        Ok(items)
    }

    fn delete(&self, key: &str) -> Result<(), TransportError> {
        let path = self.path(key);
        match self.wait(self.store.delete(&path)).map_err(|e| self.error("delete", key, &e)) {
            Err(e) if !e.is_missing() => Err(e),
            _ => Ok(()),
        }
    }
}

impl S3 {
    fn item(&self, meta: &ObjectMeta) -> Option<Item> {
        let path = meta.location.as_ref();
        let key = match self.prefix.as_str() {
            "" => path,
            _ => path.strip_prefix(Path::from(self.prefix.as_str()).as_ref())?.strip_prefix('/')?,
        };
        let modified = meta.last_modified.timestamp();
        Some(Item { key: key.to_owned(), bytes: meta.size, modified })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::remote::credentials::Places;

    #[test]
    fn what_cannot_be_reached_is_said_without_a_request() {
        let options = |endpoint: &str| S3Options {
            endpoint: Some(endpoint.into()),
            places: Places {
                env: vec![("AWS_SECRET_ACCESS_KEY".into(), "hush".into())],
                ..Places::default()
            },
            ..S3Options::default()
        };
        let error = |endpoint| match S3::new("bucket", "x", &options(endpoint), None) {
            Err(e) => e,
            Ok(_) => panic!("no credentials"),
        };
        let missing = error("http://127.0.0.1:1");
        assert!(missing.is_denied());
        assert_eq!(missing.to_string(), "cannot reach s3://bucket/x: no credentials were found");
        let inside = error("http://key:hush@127.0.0.1:1").to_string();
        assert!(!inside.contains("hush"), "{inside}");
    }
}
