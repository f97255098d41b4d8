//! The services that hand credentials out: of roles, of logins, of containers.
//!
//! What a service answers when it refuses is told; what it answers when it does not may hold secrets and
//! is not, even if it cannot be read.

use std::future::Future;
use std::pin::Pin;

use jiff::Timestamp;
use object_store::aws::{AwsAuthorizer, AwsCredential};
use object_store::client::{HttpClient, HttpRequest, HttpRequestBody};
use serde::Deserialize;

use super::{Header, Keys, NoCredentials, Role, Source, no, process, sso};
use crate::remote::s3::words;

/// Longest token file that is read, in bytes.
const MAX_BYTES: u64 = 64 << 10;

type Fetched<'a> = Pin<Box<dyn Future<Output = Result<Keys, NoCredentials>> + Send + 'a>>;

/// Asks a source for credentials.
pub(super) fn fetch<'a>(http: &'a HttpClient, source: &'a Source) -> Fetched<'a> {
    Box::pin(async move {
        match source {
            Source::Fixed(keys) => Ok(keys.clone()),
            Source::Process(line) => {
                let line = line.clone();
                let run = tokio::task::spawn_blocking(move || process::run(&line)).await;
                run.unwrap_or_else(|_| Err(no("the program could not be waited for")))
            }
            Source::Sso(login) => {
                let (url, token) = login.request(Timestamp::now())?;
                let answer =
                    send(http, get(&url, Some(("x-amz-sso_bearer_token", &token)))?).await?;
                sso::parse(&answer).ok_or_else(|| unreadable(&url))
            }
            Source::Role(role, base) => {
                let base = fetch(http, base).await?;
                assume(http, role, base).await
            }
            Source::WebIdentity(role, file) => {
                let token = read(file)?;
                let parameters =
                    [("Action", "AssumeRoleWithWebIdentity"), ("WebIdentityToken", &token)];
                let answer = send(http, get(&role.url(&parameters), None)?).await?;
                assumed(&answer).ok_or_else(|| unreadable(&role.endpoint))
            }
            Source::Container(url, header) => {
                let token = match header {
                    Header::None => None,
                    Header::Text(text) => Some(text.clone()),
                    Header::File(file) => Some(read(file)?),
                };
                let header = token.as_deref().map(|token| ("authorization", token));
                let answer = send(http, get(url, header)?).await?;
                contained(&answer).ok_or_else(|| unreadable(url))
            }
            Source::Machine => {
                Err(no("a role cannot be taken on with the machine's own credentials"))
            }
        }
    })
}

fn read(file: &std::path::Path) -> Result<String, NoCredentials> {
    let bytes = crate::fsio::read_capped(file, MAX_BYTES).map_err(no)?;
    let text = String::from_utf8(bytes).map_err(|_| no("the token's file is not text"))?;
    Ok(text.trim().to_owned())
}

async fn assume(http: &HttpClient, role: &Role, base: Keys) -> Result<Keys, NoCredentials> {
    let external = role.external_id.as_deref();
    let mut parameters = vec![("Action", "AssumeRole")];
    parameters.extend(external.map(|id| ("ExternalId", id)));
    let mut request = get(&role.url(&parameters), None)?;
    let base = AwsCredential::from(base);
    AwsAuthorizer::new(&base, "sts", &role.region)
        .try_authorize(&mut request, None)
        .map_err(|_| no("the request for a role cannot be signed"))?;
    let answer = send(http, request).await?;
    assumed(&answer).ok_or_else(|| unreadable(&role.endpoint))
}

impl Role {
    /// The request for the role. A URL, although it may hold a token: it is never shown.
    fn url(&self, parameters: &[(&str, &str)]) -> String {
        let all = [("RoleArn", self.arn.as_str()), ("RoleSessionName", &self.session)];
        let mut all = [parameters, &all, &[("Version", "2011-06-15")]].concat();
        all.sort_unstable();
        let pairs: Vec<_> = all.iter().map(|(k, v)| format!("{k}={}", encode(v))).collect();
        format!("{}/?{}", self.endpoint.trim_end_matches('/'), pairs.join("&"))
    }
}

/// The credentials in an answer of the service of roles.
fn assumed(answer: &[u8]) -> Option<Keys> {
    let text = std::str::from_utf8(answer).ok()?;
    let get = |name| words::element(text, name);
    Some(Keys {
        id: get("AccessKeyId")?,
        secret: get("SecretAccessKey")?,
        token: Some(get("SessionToken")?),
        expires: Some(get("Expiration")?.parse().ok()?),
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Contained {
    access_key_id: String,
    secret_access_key: String,
    token: Option<String>,
    expiration: Option<String>,
}

/// The credentials in an answer of a container's host.
fn contained(answer: &[u8]) -> Option<Keys> {
    let found: Contained = serde_json::from_slice(answer).ok()?;
    let expires = found.expiration.map(|text| text.parse()).transpose().ok()?;
    let (id, secret, token) = (found.access_key_id, found.secret_access_key, found.token);
    Some(Keys { id, secret, token, expires })
}

fn get(url: &str, header: Option<(&'static str, &str)>) -> Result<HttpRequest, NoCredentials> {
    let mut request = HttpRequest::new(HttpRequestBody::empty());
    *request.uri_mut() = url.parse().map_err(|_| no(format!("{} is no URL", host(url))))?;
    if let Some((name, value)) = header {
        let value = value.parse().map_err(|_| no("a token holds what no header may"))?;
        request.headers_mut().insert(name, value);
    }
    Ok(request)
}

async fn send(http: &HttpClient, request: HttpRequest) -> Result<Vec<u8>, NoCredentials> {
    let host = host(&request.uri().to_string());
    let fail =
        |why: &(dyn std::error::Error + 'static)| no(format!("{host}: {}", words::innermost(why)));
    let answer = http.execute(request).await.map_err(|e| fail(&e))?;
    let status = answer.status();
    let bytes = answer.into_body().bytes().await.map_err(|e| fail(&e))?;
    if status.is_success() {
        return Ok(bytes.to_vec());
    }
    let text = words::of_document(&String::from_utf8_lossy(&bytes));
    Err(no(format!("{host} answers {status}: {text}")))
}

fn unreadable(url: &str) -> NoCredentials {
    no(format!("the answer of {} is not the one that is expected", host(url)))
}

/// Scheme and host of a URL: what comes after may be secret.
fn host(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let host = rest.split(['/', '?']).next().unwrap_or_default();
    format!("{scheme}://{host}")
}

/// Percent-encodes all that may not stand in a query.
pub(super) fn encode(text: &str) -> String {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~".contains(byte);
    let code = |byte: u8| match is_plain(&byte) {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    };
    text.bytes().map(code).collect()
}
