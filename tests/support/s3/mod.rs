//! An S3 server inside the test: real sockets and signatures, exact creates, faults on demand.
//!
//! One lock covers every request, so that of several creates of a key exactly one wins, as on S3. A
//! [`Rule`] says what befalls the next requests of a kind: an answer that is lost, a connection that
//! breaks, a body that is cut short. Everything that was asked is kept in a log.

pub mod buckets;
pub mod http;
mod sigv4;

use std::collections::BTreeMap;
use std::io::{self, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use buckets::{Buckets, answer, target};
pub use buckets::{Object, Op};
use http::{Request, Response};
use sigv4::Authorization;

/// What befalls a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing is done, and this is answered: status and code.
    Status(u16, &'static str),
    /// It is carried out; then the connection ends without an answer.
    AnswerLost,
    /// The connection is reset and nothing is done until [`Server::deliver_late`].
    Late,
    /// The connection is reset, and nothing is done.
    Reset,
    /// Half of the answer's body comes, then the connection is reset.
    ResetInBody,
    /// Half of the answer's body comes, then the connection ends as if that were all.
    Short,
    /// Half of the answer's body comes, then nothing more; the connection stays.
    Stall,
    /// Of the request's body the first bytes are taken, then nothing more; the connection stays.
    StallUpload,
    /// Carried out; the answer never comes, and the connection stays.
    Silent,
    /// Nothing is done, and nothing is answered; the connection stays.
    Dead,
    /// One bit of the answer's body is another one.
    Flipped,
    /// The answer waits for so many milliseconds.
    Slow(u64),
}

/// Which requests a fault befalls.
#[derive(Clone, Debug)]
pub struct Rule {
    pub op: Op,
    /// What the key must contain.
    pub key: &'static str,
    pub fault: Fault,
    /// How many requests; they are counted down.
    pub times: usize,
}

/// What an identity may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rights {
    pub write: bool,
    pub list: bool,
    pub delete: bool,
}

impl Rights {
    pub const ALL: Self = Self { write: true, list: true, delete: true };
    /// Reading of objects whose keys are known, and nothing else.
    pub const GET: Self = Self { write: false, list: false, delete: false };
}

/// Somebody who may sign requests.
#[derive(Clone, Debug)]
pub struct Identity {
    pub access_key: String,
    pub secret: String,
    /// The session token that must come along.
    pub token: Option<String>,
    pub rights: Rights,
    /// Answers that the credentials have expired.
    pub is_expired: bool,
}

/// A document of another service, for requests of which all these parts are true.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// Parameters of the query.
    pub parameters: Vec<(&'static str, String)>,
    /// Headers.
    pub headers: Vec<(&'static str, String)>,
    /// The access key and secret that sign it.
    pub signed: Option<(String, String)>,
    pub document: String,
}

impl Page {
    fn answer(&self, request: &Request) -> Response {
        let has_all = self.parameters.iter().all(|(k, v)| request.parameter(k).as_ref() == Some(v))
            && self.headers.iter().all(|(k, v)| request.header(k) == Some(v));
        let is_signed = self.signed.as_ref().is_none_or(|(key, secret)| {
            Authorization::of(request)
                .is_some_and(|a| a.access_key == *key && a.is_valid(request, secret))
        });
        match has_all && is_signed {
            true => Response::new(200, self.document.as_str()),
            false => Response::error(403, "AccessDenied", "Not as it should be"),
        }
    }
}

/// The identity that every server knows from the start.
pub const ACCESS_KEY: &str = "AKIAESKERTEST0000001";
pub const SECRET: &str = "esker/test+secret/that-must-not-be-seen";

/// A request as it is remembered.
#[derive(Clone, Debug)]
pub struct Seen {
    pub op: Op,
    pub bucket: String,
    pub key: String,
    /// The answer's status; 0 where there was none.
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub bytes: usize,
}

#[derive(Default)]
struct State {
    buckets: Buckets,
    identities: Vec<Identity>,
    /// What requests may do that nobody signed.
    anonymous: Option<Rights>,
    /// The region that requests must be signed for.
    region: Option<String>,
    rules: Vec<Rule>,
    late: Vec<Request>,
    log: Vec<Seen>,
    /// Answers of paths that are no bucket's.
    pages: BTreeMap<String, Page>,
    /// Requests that are still carried out; later ones are never answered.
    fuel: Option<usize>,
    /// Whether a request came when there was no fuel left.
    is_dry: bool,
}

struct Shared {
    state: Mutex<State>,
    is_stopped: AtomicBool,
    open: Mutex<Vec<TcpStream>>,
}

/// A server on a free port of the loopback; gone when dropped.
pub struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
}

impl Server {
    /// A server with the bucket `bucket`.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let identity = Identity {
            access_key: ACCESS_KEY.to_owned(),
            secret: SECRET.to_owned(),
            token: None,
            rights: Rights::ALL,
            is_expired: false,
        };
        let state = State {
            buckets: [("bucket".to_owned(), BTreeMap::new())].into(),
            identities: vec![identity],
            ..State::default()
        };
        let shared = Arc::new(Shared {
            state: Mutex::new(state),
            is_stopped: AtomicBool::new(false),
            open: Mutex::default(),
        });
        let accept = shared.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                if accept.is_stopped.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(stream) = stream else { continue };
                let own = accept.clone();
                thread::spawn(move || own.serve(stream));
            }
        });
        Self { address, shared }
    }

    /// Its URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Lets the next `times` requests of `op` on keys that contain `key` go wrong.
    pub fn script(&self, op: Op, key: &'static str, fault: Fault, times: usize) {
        self.lock().rules.push(Rule { op, key, fault, times });
    }

    /// Forgets all rules; returns how many requests they would still have met.
    pub fn clear_rules(&self) -> usize {
        std::mem::take(&mut self.lock().rules).iter().map(|rule| rule.times).sum()
    }

    /// Carries out the requests that were late; returns how many.
    pub fn deliver_late(&self) -> usize {
        let mut state = self.lock();
        let late = std::mem::take(&mut state.late);
        late.iter().for_each(|request| drop(answer(&mut state.buckets, request)));
        late.len()
    }

    /// Lets only so many requests more through and answers no later one; `None` for all.
    pub fn set_fuel(&self, fuel: Option<usize>) {
        let mut state = self.lock();
        (state.fuel, state.is_dry) = (fuel, false);
    }

    /// Whether a request waits because there is no fuel left.
    pub fn is_dry(&self) -> bool {
        self.lock().is_dry
    }

    /// Adds somebody, or changes what is known of them.
    pub fn set_identity(&self, identity: Identity) {
        let mut state = self.lock();
        state.identities.retain(|old| old.access_key != identity.access_key);
        state.identities.push(identity);
    }

    /// Lets those in who sign nothing.
    pub fn allow_anonymous(&self, rights: Rights) {
        self.lock().anonymous = Some(rights);
    }

    /// Refuses what is signed for another region, and names its own as S3 does.
    pub fn set_region(&self, region: &str) {
        self.lock().region = Some(region.to_owned());
    }

    /// Answers a path that is no bucket's with a document, as other services of AWS do.
    pub fn set_page(&self, path: &str, page: Page) {
        self.lock().pages.insert(path.to_owned(), page);
    }

    /// Keys of the bucket that begin with `prefix`, ascending.
    pub fn keys(&self, prefix: &str) -> Vec<String> {
        let state = self.lock();
        let keys = state.buckets["bucket"].keys();
        keys.filter(|key| key.starts_with(prefix)).cloned().collect()
    }

    /// What lies under a key of the bucket.
    pub fn object(&self, key: &str) -> Option<Object> {
        self.lock().buckets["bucket"].get(key).cloned()
    }

    /// Changes the bytes under a key, or removes it, behind everybody's back.
    pub fn tamper(&self, key: &str, change: impl FnOnce(&mut Vec<u8>) -> bool) {
        let mut state = self.lock();
        let objects = state.buckets.get_mut("bucket").expect("there from the start");
        let object = objects.get_mut(key).expect("the key is there");
        let mut bytes = object.bytes.to_vec();
        match change(&mut bytes) {
            true => object.bytes = Arc::new(bytes),
            false => drop(objects.remove(key)),
        }
    }

    /// The whole bucket, to be put back later.
    pub fn snapshot(&self) -> BTreeMap<String, Object> {
        self.lock().buckets["bucket"].clone()
    }

    /// Makes the bucket what it was.
    pub fn restore(&self, objects: BTreeMap<String, Object>) {
        self.lock().buckets.insert("bucket".to_owned(), objects);
    }

    /// Everything that was asked since the last call.
    pub fn take_log(&self) -> Vec<Seen> {
        std::mem::take(&mut self.lock().log)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.shared.lock()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.is_stopped.store(true, Ordering::SeqCst);
        // The listener waits for one more connection.
        let _ = TcpStream::connect(self.address);
        let open = self.shared.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.iter().for_each(|stream| drop(stream.shutdown(Shutdown::Both)));
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn serve(&self, stream: TcpStream) {
        let _ = stream.set_nodelay(true);
        if let Ok(clone) = stream.try_clone() {
            self.open.lock().unwrap_or_else(PoisonError::into_inner).push(clone);
        }
        // A client that goes away in the middle is what these tests are about.
        let _ = self.serve_all(&stream);
        let _ = stream.shutdown(Shutdown::Both);
    }

    fn serve_all(&self, stream: &TcpStream) -> io::Result<()> {
        let mut reader = BufReader::with_capacity(256 << 10, stream);
        while let Some(mut request) = Request::read_head(&mut reader)? {
            if self.lock().has_rule(&request, Fault::StallUpload) {
                reader.read_exact(&mut vec![0; request.body_len()?.min(100_000) / 2])?;
                self.lock().take_fault(&request);
                self.hang();
                return Ok(());
            }
            request.read_body(&mut reader)?;
            if !self.respond(&request, stream)? {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Answers as rules say; `false` when the connection is to end.
    fn respond(&self, request: &Request, mut stream: &TcpStream) -> io::Result<bool> {
        let mut state = self.lock();
        let fault = state.take_fault(request);
        let response = match fault {
            Some(Fault::Status(status, code)) => Response::error(status, code, "On demand"),
            Some(Fault::Reset | Fault::Late | Fault::Dead) => Response::new(0, ""),
            _ => state.carry_out(request),
        };
        if fault == Some(Fault::Late) {
            state.late.push(request.clone());
        }
        state.note(request, response.status);
        drop(state);
        let half = response.body.len() / 2;
        let mut send_half = || {
            stream.write_all(&response.head())?;
            stream.write_all(&response.body[..half])
        };
        match fault {
            None | Some(Fault::Status(..)) => response.send(&mut stream).map(|()| true),
            Some(Fault::Slow(millis)) => {
                thread::sleep(Duration::from_millis(millis));
                response.send(&mut stream).map(|()| true)
            }
            Some(Fault::Flipped) => {
                let mut body = response.body.to_vec();
                body[half] ^= 1;
                Response { body: Arc::new(body), ..response }.send(&mut stream).map(|()| true)
            }
            Some(Fault::AnswerLost) => Ok(false),
            Some(Fault::Reset | Fault::Late) => reset(stream).map(|()| false),
            Some(Fault::ResetInBody) => {
                send_half()?;
                // What was sent before a reset may be dropped on the way: the client reads it first.
                thread::sleep(Duration::from_millis(50));
                reset(stream).map(|()| false)
            }
            Some(Fault::Short) => send_half().map(|()| false),
            Some(Fault::Stall) => {
                send_half()?;
                self.hang();
                Ok(false)
            }
            Some(Fault::Silent | Fault::StallUpload | Fault::Dead) => {
                self.hang();
                Ok(false)
            }
        }
    }

    /// Does nothing until the server ends, or for a minute.
    fn hang(&self) {
        for _ in 0..1200 {
            if self.is_stopped.load(Ordering::SeqCst) {
                return;
            }
            thread::sleep(Duration::from_millis(50));
        }
    }
}

/// Ends a connection the hard way.
fn reset(stream: &TcpStream) -> io::Result<()> {
    socket2::SockRef::from(stream).set_linger(Some(Duration::ZERO))?;
    // The reset is sent when the last handle is closed.
    stream.shutdown(Shutdown::Read)
}

impl State {
    fn rule_of(&self, request: &Request) -> Option<usize> {
        let (op, _, key) = target(request);
        self.rules.iter().position(|r| r.op == op && key.contains(r.key) && r.times > 0)
    }

    fn has_rule(&self, request: &Request, fault: Fault) -> bool {
        self.rule_of(request).is_some_and(|at| self.rules[at].fault == fault)
    }

    fn take_fault(&mut self, request: &Request) -> Option<Fault> {
        match &mut self.fuel {
            Some(0) => {
                self.is_dry = true;
                return Some(Fault::Dead);
            }
            Some(fuel) => *fuel -= 1,
            None => {}
        }
        let at = self.rule_of(request)?;
        self.rules[at].times -= 1;
        Some(self.rules[at].fault)
    }

    fn note(&mut self, request: &Request, status: u16) {
        let (op, bucket, key) = target(request);
        let (headers, bytes) = (request.headers.clone(), request.body.len());
        self.log.push(Seen { op, bucket, key, status, headers, bytes });
    }

    fn carry_out(&mut self, request: &Request) -> Response {
        if let Some(page) = self.pages.get(&request.path) {
            return page.answer(request);
        }
        let (op, bucket, key) = target(request);
        if let (Op::Head, true, Some(region)) = (op, key.is_empty(), &self.region) {
            // S3 tells it to anyone, whatever else it answers.
            let response = Response::new(403, "").with("x-amz-bucket-region", region);
            return Response { is_head: true, ..response };
        }
        let rights = match self.rights_of(request) {
            Ok(rights) => rights,
            Err(refusal) => return refusal,
        };
        let is_allowed = match op {
            Op::Put | Op::Create => rights.write,
            Op::List => rights.list,
            Op::Delete => rights.delete,
            // Who may not list does not learn that a key is not there.
            Op::Get | Op::Head => {
                let objects = self.buckets.get(&bucket);
                rights.list || objects.is_none_or(|objects| objects.contains_key(&key))
            }
            Op::Other => true,
        };
        match is_allowed {
            true => answer(&mut self.buckets, request),
            false => Response::error(403, "AccessDenied", "Access Denied"),
        }
    }

    fn rights_of(&self, request: &Request) -> Result<Rights, Response> {
        let Some(signed) = Authorization::of(request) else {
            let denied = || Response::error(403, "AccessDenied", "Access Denied");
            return self.anonymous.ok_or_else(denied);
        };
        let identity = self.identities.iter().find(|i| i.access_key == signed.access_key);
        let Some(identity) = identity else {
            let message = "The AWS Access Key Id you provided does not exist in our records.";
            return Err(Response::error(403, "InvalidAccessKeyId", message));
        };
        if identity.is_expired
            || request.header("x-amz-security-token") != identity.token.as_deref()
        {
            let message = "The provided token has expired.";
            return Err(Response::error(400, "ExpiredToken", message));
        }
        if !signed.is_valid(request, &identity.secret) {
            let message = "The request signature we calculated does not match the signature you \
                           provided. Check your key and signing method.";
            return Err(Response::error(403, "SignatureDoesNotMatch", message));
        }
        match &self.region {
            Some(region) if *region != signed.region => {
                let message = format!(
                    "The authorization header is malformed; the region is wrong; expecting '{region}'"
                );
                Err(Response::error(400, "AuthorizationHeaderMalformed", &message))
            }
            _ => Ok(identity.rights),
        }
    }
}
