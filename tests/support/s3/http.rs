//! As much of HTTP/1.1 as a client of S3 speaks: requests with a length, answers with a length.

use std::io::{self, BufRead, Read, Write};
use std::sync::Arc;

/// Longest line and largest body that are taken, in bytes.
const MAX_LINE: u64 = 64 << 10;
const MAX_BODY: usize = 256 << 20;

/// A request, as it was sent: neither path nor query is decoded.
#[derive(Clone, Debug, Default)]
pub struct Request {
    pub method: String,
    pub path: String,
    pub query: String,
    /// Names in lower case, in the order they came.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Request {
    /// Reads everything up to the body; `None` when the client is done with the connection.
    pub fn read_head(from: &mut impl BufRead) -> io::Result<Option<Self>> {
        let Some(first) = read_line(from)? else { return Ok(None) };
        let mut words = first.split(' ');
        let mut word = || words.next().unwrap_or_default().to_owned();
        let (method, target) = (word(), word());
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        let (path, query) = (path.to_owned(), query.to_owned());
        let mut headers = Vec::new();
        while let Some(line) = read_line(from)?.filter(|line| !line.is_empty()) {
            let (name, value) = line.split_once(':').ok_or(io::ErrorKind::InvalidData)?;
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        Ok(Some(Self { method, path, query, headers, body: Vec::new() }))
    }

    /// Length of the body that follows the head.
    pub fn body_len(&self) -> io::Result<usize> {
        if self.header("transfer-encoding").is_some() {
            return Err(io::ErrorKind::Unsupported.into());
        }
        let len = self.header("content-length").map_or(Ok(0), str::parse);
        len.ok().filter(|len| *len <= MAX_BODY).ok_or(io::ErrorKind::InvalidData.into())
    }

    /// Reads the body.
    pub fn read_body(&mut self, from: &mut impl Read) -> io::Result<()> {
        self.body = vec![0; self.body_len()?];
        from.read_exact(&mut self.body)
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The decoded parameters of the query.
    pub fn parameters(&self) -> Vec<(String, String)> {
        let parts = self.query.split('&').filter(|part| !part.is_empty());
        let pair = |part: &str| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            (decode(name), decode(value))
        };
        parts.map(pair).collect()
    }

    pub fn parameter(&self, name: &str) -> Option<String> {
        self.parameters().into_iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }
}

fn read_line(from: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut line = Vec::new();
    from.by_ref().take(MAX_LINE).read_until(b'\n', &mut line)?;
    match line.strip_suffix(b"\r\n") {
        Some(text) => Ok(Some(String::from_utf8_lossy(text).into_owned())),
        None if line.is_empty() => Ok(None),
        None => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

/// Replaces `%xx` by the byte it stands for.
pub fn decode(text: &str) -> String {
    let hex = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    let (bytes, mut out, mut at) = (text.as_bytes(), Vec::new(), 0);
    while at < bytes.len() {
        let code = (bytes[at] == b'%').then(|| bytes.get(at + 1..at + 3).and_then(hex)).flatten();
        out.push(code.unwrap_or(bytes[at]));
        at += if code.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Response {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Arc<Vec<u8>>,
    /// Only the head is sent, with the length of the body.
    pub is_head: bool,
}

impl Response {
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: Vec::new(), body: Arc::new(body.into()), is_head: false }
    }

    pub fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.headers.push((name, value.to_string()));
        self
    }

    /// An error as S3 words it.
    pub fn error(status: u16, code: &str, message: &str) -> Self {
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code>\
             <Message>{message}</Message><RequestId>1</RequestId></Error>"
        );
        Self::new(status, body).with("Content-Type", "application/xml")
    }

    /// The lines before the body; whoever sends less of the body breaks the promise of its length.
    pub fn head(&self) -> Vec<u8> {
        let mut head = format!("HTTP/1.1 {} -\r\n", self.status);
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        head += &format!("Content-Length: {}\r\n\r\n", self.body.len());
        head.into_bytes()
    }

    /// Sends the whole answer.
    pub fn send(&self, to: &mut impl Write) -> io::Result<()> {
        let body: &[u8] = if self.is_head { &[] } else { &self.body };
        match body.len() {
            // One write for what is small: a second one would wait for the answer to the first.
            0..=8192 => to.write_all(&[self.head().as_slice(), body].concat())?,
            _ => {
                to.write_all(&self.head())?;
                to.write_all(body)?;
            }
        }
        to.flush()
    }
}
