//! What the requests of S3 do to buckets.
//!
//! Whoever calls holds the one lock of the server: a look and the write that follows are one step, so a
//! conditional create is exact.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use super::http::{Request, Response};

/// Objects by bucket and key.
pub type Buckets = BTreeMap<String, BTreeMap<String, Object>>;

#[derive(Clone, Debug)]
pub struct Object {
    pub bytes: Arc<Vec<u8>>,
    modified: u64,
    /// Headers of the put that S3 would act on: encryption and the like.
    pub headers: Vec<(String, String)>,
}

/// The operations that tests tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Op {
    Get,
    Head,
    Put,
    /// A put on the condition that there is nothing.
    Create,
    List,
    Delete,
    Other,
}

/// What a request asks for, of which bucket and key.
pub fn target(request: &Request) -> (Op, String, String) {
    let path = super::http::decode(request.path.trim_start_matches('/'));
    let (bucket, key) = path.split_once('/').unwrap_or((&path, ""));
    let op = match (request.method.as_str(), key.is_empty()) {
        ("GET", true) => Op::List,
        ("GET", false) => Op::Get,
        ("HEAD", _) => Op::Head,
        ("PUT", false) if request.header("if-none-match").is_some() => Op::Create,
        ("PUT", false) => Op::Put,
        ("DELETE", false) => Op::Delete,
        ("POST", true) if request.parameter("delete").is_some() => Op::Delete,
        _ => Op::Other,
    };
    let key = match op {
        Op::List => request.parameter("prefix").unwrap_or_default(),
        Op::Delete if key.is_empty() => keys_to_delete(request).concat(),
        _ => key.to_owned(),
    };
    (op, bucket.to_owned(), key)
}

/// The keys of a request that deletes several.
fn keys_to_delete(request: &Request) -> Vec<String> {
    let text = String::from_utf8_lossy(&request.body).into_owned();
    let keys = text.split("<Key>").skip(1);
    keys.filter_map(|rest| Some(rest.split_once("</Key>")?.0.to_owned())).collect()
}

/// Carries a request out.
pub fn answer(buckets: &mut Buckets, request: &Request) -> Response {
    let (op, bucket, key) = target(request);
    let Some(objects) = buckets.get_mut(&bucket) else {
        return Response::error(404, "NoSuchBucket", "The specified bucket does not exist");
    };
    match op {
        Op::Get | Op::Head => get(objects, request, &key, op == Op::Head),
        Op::Create if objects.contains_key(&key) => {
            let message = "At least one of the pre-conditions you specified did not hold";
            Response::error(412, "PreconditionFailed", message)
        }
        Op::Put | Op::Create => put(objects, request, key),
        Op::List => list(objects, request),
        Op::Delete if request.method == "DELETE" => {
            objects.remove(&key);
            Response::new(204, "")
        }
        Op::Delete => {
            for key in keys_to_delete(request) {
                objects.remove(&key);
            }
            Response::new(200, "<DeleteResult></DeleteResult>")
        }
        Op::Other => Response::error(501, "NotImplemented", "Not needed here"),
    }
}

fn put(objects: &mut BTreeMap<String, Object>, request: &Request, key: String) -> Response {
    let is_kept = |name: &str| name.starts_with("x-amz-server-side") || name == "x-amz-acl";
    let headers = request.headers.iter().filter(|(name, _)| is_kept(name)).cloned().collect();
    let modified = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
    let object = Object { bytes: Arc::new(request.body.clone()), modified, headers };
    let etag = etag(&object);
    objects.insert(key, object);
    Response::new(200, "").with("ETag", etag)
}

fn etag(object: &Object) -> String {
    format!(
        "\"{:x}\"",
        blake3::hash(&object.bytes)
            .as_bytes()
            .iter()
            .take(8)
            .fold(0u64, |n, b| { n << 8 | u64::from(*b) })
    )
}

/// The date of an object as HTTP writes it; days are enough for what reads it here.
const DATE: &str = "Thu, 01 Jan 2026 00:00:00 GMT";

fn get(
    objects: &BTreeMap<String, Object>,
    request: &Request,
    key: &str,
    is_head: bool,
) -> Response {
    if key.is_empty() {
        return Response { is_head, ..Response::new(200, "") };
    }
    let Some(object) = objects.get(key) else {
        let missing = Response::error(404, "NoSuchKey", "The specified key does not exist.");
        return Response { is_head, ..missing };
    };
    let len = object.bytes.len() as u64;
    let common = |response: Response| {
        let response = response.with("ETag", etag(object)).with("Last-Modified", DATE);
        Response { is_head, ..response.with("Accept-Ranges", "bytes") }
    };
    let Some(range) = request.header("range") else {
        return common(Response { body: object.bytes.clone(), ..Response::new(200, "") });
    };
    match range_of(range, len) {
        Some((start, end)) => {
            let part = object.bytes[start as usize..end as usize].to_vec();
            let content = format!("bytes {start}-{}/{len}", end - 1);
            common(Response::new(206, part).with("Content-Range", content))
        }
        None => Response::error(416, "InvalidRange", "The requested range is not satisfiable"),
    }
}

/// First byte and the one behind the last.
fn range_of(text: &str, len: u64) -> Option<(u64, u64)> {
    let (start, last) = text.strip_prefix("bytes=")?.split_once('-')?;
    let start: u64 = start.parse().ok()?;
    let last: u64 = if last.is_empty() { len } else { last.parse().ok()? };
    (start < len).then(|| (start, last.saturating_add(1).min(len)))
}

fn list(objects: &BTreeMap<String, Object>, request: &Request) -> Response {
    let get = |name: &str| request.parameter(name).unwrap_or_default();
    let (prefix, after) = (get("prefix"), get("start-after"));
    let after = Some(get("continuation-token")).filter(|t| !t.is_empty()).unwrap_or(after);
    let limit = get("max-keys").parse().unwrap_or(1000).min(1000);
    let mut found = objects
        .range(prefix.clone()..)
        .take_while(|(key, _)| key.starts_with(&prefix))
        .filter(|(key, _)| after.is_empty() || **key > after);
    let page: Vec<_> = found.by_ref().take(limit).collect();
    let mut body = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult>".to_owned();
    for (key, object) in &page {
        let (len, time) = (object.bytes.len(), timestamp(object.modified));
        body += &format!(
            "<Contents><Key>{}</Key><Size>{len}</Size><LastModified>{time}</LastModified>\
             <ETag>{}</ETag></Contents>",
            escape(key),
            escape(&etag(object)),
        );
    }
    let is_more = found.next().is_some();
    body += &format!("<KeyCount>{}</KeyCount><IsTruncated>{is_more}</IsTruncated>", page.len());
    if let (true, Some((last, _))) = (is_more, page.last()) {
        body += &format!("<NextContinuationToken>{}</NextContinuationToken>", escape(last));
    }
    Response::new(200, body + "</ListBucketResult>").with("Content-Type", "application/xml")
}

fn timestamp(seconds: u64) -> String {
    jiff::Timestamp::from_second(seconds as i64).expect("a time of now").to_string()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}
