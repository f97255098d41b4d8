//! A remote in a bucket of S3 or of a server that speaks as it does.
//!
//! Creates are conditional puts. A `409` means that another create of the key was under way and says
//! nothing of who won: it is reported as taken, and the caller reads back. There is no limit on how
//! long a request may take, only on how long nothing may move.

use std::error::Error as StdError;
use std::future::Future;
use std::io::Write;
use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use futures_util::StreamExt;
use object_store::aws::{AmazonS3, AmazonS3Builder, AmazonS3ConfigKey, S3ConditionalPut};
use object_store::client::HttpError;
use object_store::path::Path;
use object_store::{
    ClientOptions, Error, GetOptions, GetRange, ObjectMeta, ObjectStore, ObjectStoreExt, PutMode,
    PutOptions, PutPayload, RetryConfig,
};
use tokio::runtime::{Builder, Runtime};

use super::transport::{Capabilities, Created, Fault, Item, Transport, TransportError};

/// Nothing came or went for so long: the request is given up.
const STALL: Duration = Duration::from_secs(60);
/// A line slower than this, in bytes a second, counts as stalled while writing.
const SLOWEST: u64 = 16 << 10;
/// How often a transfer that broke is taken up again where it was.
const ATTEMPTS: u32 = 5;
const PAGE: usize = 1000;

/// What is needed to reach a bucket; what is not set is looked for as AWS's own tools do.
#[derive(Clone, Default)]
pub struct S3Options {
    /// URL of the server; AWS itself when absent.
    pub endpoint: Option<String>,
    /// Region of the bucket; asked for when absent.
    pub region: Option<String>,
    /// Sign nothing: for buckets that anyone may read.
    pub anonymous: bool,
    /// Name the bucket in the host instead of the path.
    pub virtual_host: bool,
    /// Variables of the environment that begin with `AWS_`.
    pub env: Vec<(String, String)>,
}

/// Keys of a bucket below a prefix.
pub struct S3 {
    // Dropped without waiting: a connection that is idle keeps nobody.
    runtime: Option<Runtime>,
    store: Arc<AmazonS3>,
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
    /// A bucket; asks for its region if that is not known, and for nothing else.
    pub fn new(bucket: &str, prefix: &str, options: &S3Options) -> Result<Self, TransportError> {
        let place = match prefix {
            "" => format!("s3://{bucket}"),
            prefix => format!("s3://{bucket}/{prefix}"),
        };
        let fail = |fault, detail: String| TransportError::new("reach", &place, "", fault, detail);
        // The first of the process counts; a second one changes nothing.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .map_err(|e| fail(Fault::Failed, e.to_string()))?;
        let endpoint = options.endpoint.clone().or_else(|| options.env_endpoint());
        if endpoint.as_deref().is_some_and(|e| e.contains('@')) {
            return Err(fail(Fault::Failed, "credentials do not belong into the endpoint".into()));
        }
        // A machine of AWS has credentials of its own; another server's clients must bring theirs.
        if endpoint.is_some() && !options.anonymous && options.env("AWS_ACCESS_KEY_ID").is_none() {
            return Err(fail(Fault::Denied, "no credentials were found".into()));
        }
        let region = match options.region.clone().or_else(|| options.env_region()) {
            Some(region) => region,
            None if endpoint.is_some() => "us-east-1".to_owned(),
            None => runtime
                .block_on(object_store::aws::resolve_bucket_region(bucket, &client_options(false)))
                .map_err(|e| fail(fault_of(&e), detail_of(&e)))?,
        };
        let is_plain = endpoint.as_deref().is_some_and(|e| e.starts_with("http://"));
        let mut builder = AmazonS3Builder::new();
        for (name, value) in options.env.iter().filter(|(_, value)| !value.is_empty()) {
            if let Ok(key) = name.to_ascii_lowercase().parse::<AmazonS3ConfigKey>() {
                builder = builder.with_config(key, value);
            }
        }
        builder = builder
            .with_bucket_name(bucket)
            .with_region(region)
            .with_virtual_hosted_style_request(options.virtual_host)
            .with_conditional_put(S3ConditionalPut::ETagMatch)
            // Over TLS nothing can change on the way; hashing every byte again would cost a core.
            .with_unsigned_payload(!is_plain)
            .with_client_options(client_options(is_plain))
            .with_retry(RetryConfig {
                max_retries: 4,
                retry_timeout: Duration::from_secs(60),
                ..RetryConfig::default()
            });
        let host = endpoint.clone().unwrap_or_else(|| "AWS".to_owned());
        if let Some(endpoint) = endpoint {
            builder = builder.with_endpoint(endpoint.trim_end_matches('/'));
        }
        if options.anonymous {
            builder = builder.with_skip_signature(true);
        }
        let store = builder.build().map_err(|e| fail(Fault::Failed, detail_of(&e)))?;
        let (runtime, store) = (Some(runtime), Arc::new(store));
        Ok(Self { runtime, store, prefix: prefix.to_owned(), place, host })
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

    fn stalled(&self, op: &'static str, key: &str) -> TransportError {
        let detail = "nothing moved for a minute";
        TransportError::new(op, &self.place, key, Fault::Lost, detail)
    }

    fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.as_ref().expect("only taken when dropped").block_on(future)
    }

    /// Runs one request that may take `limit`.
    fn request<T>(
        &self,
        op: &'static str,
        key: &str,
        limit: Duration,
        future: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, TransportError> {
        match self.wait(async { tokio::time::timeout(limit, future).await }) {
            Ok(result) => result.map_err(|e| self.error(op, key, &e)),
            Err(_) => Err(self.stalled(op, key)),
        }
    }

    fn put_with(&self, op: &'static str, key: &str, bytes: Vec<u8>, mode: PutMode) -> Put {
        let limit = STALL + Duration::from_secs(bytes.len() as u64 / SLOWEST);
        let path = self.path(key);
        let payload = PutPayload::from(bytes);
        let options = PutOptions { mode, ..PutOptions::default() };
        self.request(op, key, limit, self.store.put_opts(&path, payload, options)).map(|_| ())
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
        let answer = self.request("read", key, STALL, self.store.get_opts(&path, options))?;
        let mut stream = answer.into_stream();
        loop {
            let next = self.wait(async { tokio::time::timeout(STALL, stream.next()).await });
            match next {
                Err(_) => return Err(self.stalled("read", key)),
                Ok(None) => return Ok(()),
                Ok(Some(Err(e))) => return Err(self.error("read", key, &e)),
                Ok(Some(Ok(bytes))) => {
                    out.write_all(&bytes).map_err(|e| {
                        TransportError::new("read", &self.place, key, Fault::Failed, e)
                    })?;
                    *done += bytes.len() as u64;
                }
            }
        }
    }
}

type Put = Result<(), TransportError>;

impl S3Options {
    fn env(&self, name: &str) -> Option<String> {
        let found = self.env.iter().find(|(key, value)| key == name && !value.is_empty());
        found.map(|(_, value)| value.clone())
    }

    fn env_endpoint(&self) -> Option<String> {
        self.env("AWS_ENDPOINT_URL_S3").or_else(|| self.env("AWS_ENDPOINT_URL"))
    }

    fn env_region(&self) -> Option<String> {
        self.env("AWS_REGION").or_else(|| self.env("AWS_DEFAULT_REGION"))
    }
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
        for attempt in 1.. {
            let rest = range.as_ref().map(|range| done..range.end);
            match self.read_once(key, rest, out, &mut done) {
                Ok(()) => break,
                Err(e) if e.is_uncertain() && attempt < ATTEMPTS => pause(attempt),
                Err(e) => return Err(e),
            }
        }
        Ok(done - start)
    }

    fn put(&self, key: &str, bytes: Vec<u8>) -> Result<(), TransportError> {
        // The library has tried again what the server refused for the moment.
        self.put_with("write", key, bytes, PutMode::Overwrite)
    }

    fn create_if_absent(&self, key: &str, bytes: &[u8]) -> Result<Created, TransportError> {
        let path = self.path(key);
        let payload = PutPayload::from(bytes.to_vec());
        let options = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        let put = self.store.put_opts(&path, payload, options);
        match self.wait(async { tokio::time::timeout(STALL, put).await }) {
            Ok(Ok(_)) => Ok(Created::Made),
            Ok(Err(Error::AlreadyExists { .. } | Error::Precondition { .. })) => Ok(Created::Taken),
            Ok(Err(e)) => {
                let mut error = self.error("create", key, &e);
                // Whatever went wrong, the key may be there: only a refusal is certain.
                if !error.is_denied() && !error.is_missing() {
                    error.fault = Fault::Lost;
                }
                Err(error)
            }
            Err(_) => Err(self.stalled("create", key)),
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
        loop {
            match self.wait(async { tokio::time::timeout(STALL, stream.next()).await }) {
                Err(_) => return Err(self.stalled("list", prefix)),
                Ok(None) => return Ok(items),
                Ok(Some(Err(e))) => return Err(self.error("list", prefix, &e)),
                Ok(Some(Ok(meta))) => items.extend(self.item(&meta)),
            }
        }
    }

    fn delete(&self, key: &str) -> Result<(), TransportError> {
        let path = self.path(key);
        match self.request("delete", key, STALL, self.store.delete(&path)) {
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

fn client_options(is_plain: bool) -> ClientOptions {
    ClientOptions::new()
        .with_timeout_disabled()
        .with_connect_timeout(Duration::from_secs(10))
        .with_allow_http(is_plain)
        .with_http1_only()
}

fn pause(attempt: u32) {
    thread::sleep(Duration::from_millis(100 << attempt));
}

fn fault_of(e: &Error) -> Fault {
    match e {
        Error::NotFound { .. } => Fault::Missing,
        Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => Fault::Denied,
        e => {
            let first: Option<&dyn StdError> = e.source();
            let mut causes = std::iter::successors(first, |&cause| cause.source());
            match causes.any(|cause| cause.is::<HttpError>()) {
                true => Fault::Lost,
                false => Fault::Failed,
            }
        }
    }
}

/// What the innermost cause says: the outer ones repeat what a [`TransportError`] says anyway.
fn detail_of(e: &Error) -> String {
    let first: Option<&dyn StdError> = e.source();
    let causes = std::iter::successors(first, |&cause| cause.source());
    let texts: Vec<String> = causes.map(ToString::to_string).collect();
    let text = texts.last().cloned().unwrap_or_else(|| e.to_string());
    // What the server's document says, where it is one.
    let element = |name: &str| {
        let (_, rest) = text.split_once(&format!("<{name}>"))?;
        rest.split_once(&format!("</{name}>")).map(|(inner, _)| inner.to_owned())
    };
    let text = match (element("Code"), element("Message")) {
        (Some(code), Some(message)) => format!("{message} ({code})"),
        _ => text,
    };
    // Servers answer with documents of many lines.
    let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    crate::path::escape(&line.chars().take(300).collect::<String>()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detail(text: &str) -> String {
        detail_of(&Error::Generic { store: "S3", source: text.into() })
    }

    #[test]
    fn a_server_s_document_becomes_its_message() {
        let document = "Server returned 403: <?xml version=\"1.0\"?>\n<Error><Code>AccessDenied</Code>\
                        <Message>Not for you.</Message><RequestId>1</RequestId></Error>";
        assert_eq!(detail(document), "Not for you. (AccessDenied)");
        assert_eq!(detail("connection\n refused"), "connection refused");
    }

    #[test]
    fn what_cannot_be_reached_is_said_without_a_request() {
        let options = |endpoint: &str| S3Options {
            endpoint: Some(endpoint.into()),
            env: vec![("AWS_SECRET_ACCESS_KEY".into(), "hush".into())],
            ..S3Options::default()
        };
        let error = |endpoint| match S3::new("bucket", "x", &options(endpoint)) {
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
