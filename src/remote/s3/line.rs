//! The way of requests and answers: no faster than is allowed, and never waiting for ever.
//!
//! A request may take as long as it needs while bytes move. What counts is how long nothing did: then the
//! request is given up, as one of which nobody knows whether it was carried out.

use std::collections::HashMap;
use std::error::Error;
use std::future::Future;
use std::io;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse,
    HttpResponseBody, HttpService,
};
use object_store::{ClientConfigKey, ClientOptions};
use reqwest::Certificate;
use tokio::time::{Instant, Sleep, sleep, sleep_until, timeout_at};

use crate::remote::pace::Pace;

/// Bytes that the system may still hold after it took the last one. Its buffer grows with the line's speed:
/// of a slow one it holds little.
const BUFFERED: u64 = 256 << 10;
/// A line slower than this, in bytes a second, counts as stalled.
const SLOWEST: u64 = 16 << 10;
/// Nothing is connected to after so long.
const CONNECT: Duration = Duration::from_secs(10);
/// A machine's own services answer at once, or are not there.
const CONNECT_NEAR: Duration = Duration::from_secs(1);
const PIECE: usize = 256 << 10;

/// Makes the clients of a store.
#[derive(Clone, Debug)]
pub struct Line {
    /// Nothing came or went for so long: the request is given up.
    pub stall: Duration,
    /// The limit, if there is one.
    pub pace: Option<Arc<Pace>>,
    /// The authorities that are trusted; those of the system where nothing is said.
    pub authorities: Option<Vec<Certificate>>,
    /// By how long they try to connect: each reads the certificates of the system when it is made.
    clients: Arc<Mutex<HashMap<Duration, reqwest::Client>>>,
}

impl Line {
    /// No client is made yet.
    pub fn new(stall: Duration, pace: Option<Arc<Pace>>) -> Self {
        Self { stall, pace, authorities: None, clients: Arc::default() }
    }

    /// Trusts these authorities and no others.
    pub fn trusting(self, authorities: Option<Vec<Certificate>>) -> Self {
        Self { authorities, ..self }
    }

    /// A client that may speak plain HTTP, or only to this machine and the services of its host.
    pub fn client(&self, allows_http: bool, connect: Duration) -> object_store::Result<HttpClient> {
        let client = self.shared(connect)?;
        Ok(HttpClient::new(Service { client, line: self.clone(), allows_http }))
    }

    fn shared(&self, connect: Duration) -> object_store::Result<reqwest::Client> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(&connect) {
            return Ok(client.clone());
        }
        super::names::use_built_in();
        let builder = || {
            reqwest::Client::builder()
                .user_agent(concat!("esker/", env!("CARGO_PKG_VERSION")))
                .http1_only()
                .connect_timeout(connect)
        };
        let trusting = |these: &[Certificate]| builder().tls_certs_only(these.to_vec()).build();
        let client = match &self.authorities {
            Some(these) => trusting(these),
            // A system that has none speaks plain HTTP still, and trusts nobody.
            None => builder().build().or_else(|_| trusting(&[])),
        };
        let client = client
            .map_err(|e| object_store::Error::Generic { store: "S3", source: Box::new(e) })?;
        Ok(clients.entry(connect).or_insert(client).clone())
    }
}

impl HttpConnector for Line {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        let get = |key| options.get_config_value(&key);
        let allows_http = get(ClientConfigKey::AllowHttp).is_some_and(|value| value == "true");
        // Only the library's client for the machine's own services has another one.
        let is_near =
            get(ClientConfigKey::ConnectTimeout).is_some_and(|value| value == "1 seconds");
        self.client(allows_http, if is_near { CONNECT_NEAR } else { CONNECT })
    }
}

#[derive(Debug)]
struct Service {
    client: reqwest::Client,
    line: Line,
    allows_http: bool,
}

type Answer<'a> = Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'a>>;

impl HttpService for Service {
    fn call<'s, 'a>(&'s self, request: HttpRequest) -> Answer<'a>
    where
        's: 'a,
        Self: 'a,
    {
        Box::pin(self.send(request))
    }
}

impl Service {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let (parts, body) = request.into_parts();
        let url: reqwest::Url =
            parts.uri.to_string().parse().map_err(|_| {
                HttpError::new(HttpErrorKind::Unknown, io::Error::other("a wrong URL"))
            })?;
        if url.scheme() == "http" && !self.allows_http && !is_near(&url) {
            let why = io::Error::other("credentials are not asked for over plain HTTP");
            return Err(HttpError::new(HttpErrorKind::Unknown, why));
        }
        let watch = Arc::new(Watch::new(self.line.stall));
        let mut sent = reqwest::Request::new(parts.method, url);
        *sent.headers_mut() = parts.headers;
        if !body.is_end_stream() {
            let upload = Upload {
                body,
                rest: Bytes::new(),
                sent: 0,
                waiting: None,
                watch: watch.clone(),
                pace: self.line.pace.clone(),
            };
            *sent.body_mut() = Some(reqwest::Body::wrap(upload));
        }
        let answer = watch.over(self.client.execute(sent)).await?.map_err(http_error)?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let body = Download {
            body: answer.into(),
            held: None,
            idle: Box::pin(sleep(self.line.stall)),
            stall: self.line.stall,
            pace: self.line.pace.clone(),
        };
        let mut answer = HttpResponse::new(HttpResponseBody::new(body));
        (*answer.status_mut(), *answer.headers_mut()) = (status, headers);
        Ok(answer)
    }
}

/// Whether a host is this machine, or a service that its host offers to it alone.
fn is_near(url: &reqwest::Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost"
        || host.starts_with("fd00:ec2:")
        || host.parse::<std::net::IpAddr>().is_ok_and(|ip| match ip {
            std::net::IpAddr::V4(ip) => ip.is_loopback() || ip.is_link_local(),
            std::net::IpAddr::V6(ip) => ip.is_loopback(),
        })
}

/// A certificate that does not prove that this is the server.
#[derive(Debug, thiserror::Error)]
#[error("its certificate is not trusted: {0}")]
pub(super) struct Untrusted(rustls::CertificateError);

impl Untrusted {
    /// Whether nobody who is trusted vouches for it; else it is another's, or of another time.
    pub(super) fn is_of_unknown_authority(&self) -> bool {
        self.0 == rustls::CertificateError::UnknownIssuer
    }

    /// That, if it is why a request failed.
    fn why(e: &reqwest::Error) -> Option<Self> {
        let mut cause: Option<&(dyn Error + 'static)> = e.source();
        while let Some(e) = cause {
            if let Some(rustls::Error::InvalidCertificate(why)) = e.downcast_ref() {
                return Some(Self(why.clone()));
            }
            // An error of the system that stands for another has the cause of that for its own.
            let inner = e.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
            cause = inner.map(|inner| inner as &(dyn Error + 'static)).or_else(|| e.source());
        }
        None
    }
}

fn http_error(e: reqwest::Error) -> HttpError {
    if let Some(untrusted) = Untrusted::why(&e) {
        // Of a kind that is not tried again.
        return HttpError::new(HttpErrorKind::Unknown, untrusted);
    }
    let kind = match &e {
        e if e.is_connect() => HttpErrorKind::Connect,
        e if e.is_timeout() => HttpErrorKind::Timeout,
        e if e.is_builder() || e.is_redirect() => HttpErrorKind::Unknown,
        _ => HttpErrorKind::Interrupted,
    };
    HttpError::new(kind, e.without_url())
}

fn stalled(stall: Duration) -> HttpError {
    let text = format!("nothing moved for {} seconds", stall.as_secs_f64());
    HttpError::new(HttpErrorKind::Timeout, io::Error::new(io::ErrorKind::TimedOut, text))
}

/// When a request is to be given up.
#[derive(Debug)]
struct Watch {
    stall: Duration,
    end: Mutex<Instant>,
}

impl Watch {
    fn new(stall: Duration) -> Self {
        Self { stall, end: Mutex::new(Instant::now() + stall) }
    }

    fn end(&self) -> Instant {
        *self.end.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something moved, or will after `wait`.
    fn moved(&self, wait: Duration) {
        let mut end = self.end.lock().unwrap_or_else(PoisonError::into_inner);
        *end = Instant::now() + wait + self.stall;
    }

    /// Waits for an answer while anything moves.
    async fn over<T>(&self, answer: impl Future<Output = T>) -> Result<T, HttpError> {
        let mut answer = pin!(answer);
        loop {
            let end = self.end();
            match timeout_at(end, &mut answer).await {
                Ok(answer) => return Ok(answer),
                Err(_) if self.end() > end => {}
                Err(_) => return Err(stalled(self.stall)),
            }
        }
    }
}

/// The body of a request, handed over piece by piece.
struct Upload<B> {
    body: B,
    /// What is left of the bytes that `body` gave last.
    rest: Bytes,
    /// How many bytes were handed over.
    sent: u64,
    waiting: Option<Pin<Box<Sleep>>>,
    watch: Arc<Watch>,
    pace: Option<Arc<Pace>>,
}

impl<B: Body<Data = Bytes, Error = HttpError> + Unpin> Body for Upload<B> {
    type Data = Bytes;
    type Error = HttpError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, HttpError>>> {
        let this = &mut *self;
        if this.rest.is_empty() {
            match ready!(Pin::new(&mut this.body).poll_frame(cx)) {
                Some(Ok(frame)) => this.rest = frame.into_data().unwrap_or_default(),
                other => return Poll::Ready(other),
            }
        }
        let most = this.pace.as_ref().map_or(PIECE, |pace| pace.piece());
        let len = most.min(this.rest.len());
        if let Some(pace) = &this.pace {
            let waiting = this.waiting.get_or_insert_with(|| {
                let wait = pace.reserve(len as u64);
                this.watch.moved(wait);
                Box::pin(sleep(wait))
            });
            ready!(waiting.as_mut().poll(cx));
            this.waiting = None;
        }
        let piece = this.rest.split_to(len);
        let is_last = this.rest.is_empty() && this.body.is_end_stream();
        this.sent += len as u64;
        // The system takes the last bytes before they have left the machine.
        let tail = if is_last { BUFFERED.min(this.sent) } else { 0 };
        this.watch.moved(Duration::from_millis(tail * 1000 / SLOWEST));
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        match self.body.size_hint().exact() {
            Some(len) => SizeHint::with_exact(len + self.rest.len() as u64),
            None => SizeHint::default(),
        }
    }
}

/// The body of an answer.
struct Download {
    body: reqwest::Body,
    /// Bytes that came and wait for their moment.
    held: Option<(Pin<Box<Sleep>>, Bytes)>,
    idle: Pin<Box<Sleep>>,
    stall: Duration,
    pace: Option<Arc<Pace>>,
}

impl Body for Download {
    type Data = Bytes;
    type Error = HttpError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, HttpError>>> {
        let this = &mut *self;
        if let Some((moment, _)) = &mut this.held {
            ready!(moment.as_mut().poll(cx));
            this.idle = Box::pin(sleep(this.stall));
            return Poll::Ready(this.held.take().map(|(_, bytes)| Ok(Frame::data(bytes))));
        }
        let frame = match Pin::new(&mut this.body).poll_frame(cx) {
            Poll::Ready(frame) => frame,
            Poll::Pending => {
                ready!(this.idle.as_mut().poll(cx));
                return Poll::Ready(Some(Err(stalled(this.stall))));
            }
        };
        this.idle.as_mut().reset(Instant::now() + this.stall);
        match (frame, &this.pace) {
            (Some(Ok(frame)), Some(pace)) => {
                let bytes = frame.into_data().unwrap_or_default();
                let moment = Instant::now() + pace.reserve(bytes.len() as u64);
                this.held = Some((Box::pin(sleep_until(moment)), bytes));
                Pin::new(this).poll_frame(cx)
            }
            (frame, _) => Poll::Ready(frame.map(|frame| frame.map_err(http_error))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.held.is_none() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let held = self.held.as_ref().map_or(0, |(_, bytes)| bytes.len() as u64);
        match self.body.size_hint().exact() {
            Some(len) => SizeHint::with_exact(len + held),
            None => SizeHint::default(),
        }
    }
}
