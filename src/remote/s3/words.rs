//! What a failure means, and how it is told: never with a credential in it.

use std::error::Error as StdError;

use object_store::Error;
use object_store::client::HttpError;

use super::line::Untrusted;
use crate::remote::transport::Fault;

/// Most that is told of an answer, in characters.
const MAX_WORDS: usize = 300;
/// What servers call credentials that are good no longer, or a clock that is wrong.
const DENIED: &[&str] = &[
    "ExpiredToken",
    "InvalidToken",
    "TokenRefreshRequired",
    "RequestTimeTooSkewed",
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "AuthorizationHeaderMalformed",
];
/// What they call having too much to do.
const BUSY: &[&str] = &["SlowDown", "InternalError", "ServiceUnavailable", "RequestTimeout"];

/// What a caller acts on.
pub(super) fn fault_of(e: &Error) -> Fault {
    let text = innermost(e);
    let code = element(&text, "Code").unwrap_or_default();
    let certificate = causes(e).find_map(|cause| cause.downcast_ref::<Untrusted>());
    match e {
        // A bucket that is not there is not a key that is not there.
        Error::NotFound { .. } if code == "NoSuchBucket" => Fault::NoBucket,
        Error::NotFound { .. } => Fault::Missing,
        Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => Fault::Denied,
        _ if DENIED.contains(&code.as_str()) => Fault::Denied,
        _ if BUSY.contains(&code.as_str()) || is_status_of_trouble(&text) => Fault::Busy,
        _ if certificate.is_some_and(Untrusted::is_of_unknown_authority) => Fault::Untrusted,
        _ if certificate.is_some() => Fault::Failed,
        e if causes(e).any(|cause| cause.is::<HttpError>()) => Fault::Lost,
        _ => Fault::Failed,
    }
}

/// Whether the answer was one of a server that is overloaded or broken.
fn is_status_of_trouble(text: &str) -> bool {
    let status = text.split_once("status code: ").map(|(_, rest)| rest.as_bytes());
    status.is_some_and(|rest| rest.first() == Some(&b'5') || rest.starts_with(b"429"))
}

/// What was said of it, as one line.
pub(super) fn detail_of(e: &Error) -> String {
    of_document(&innermost(e))
}

fn causes<'e>(
    e: &'e (dyn StdError + 'static),
) -> impl Iterator<Item = &'e (dyn StdError + 'static)> {
    std::iter::successors(e.source(), |&cause| cause.source())
}

/// What the innermost cause says: the outer ones repeat what is said anyway.
pub(crate) fn innermost(e: &(dyn StdError + 'static)) -> String {
    causes(e).last().map_or_else(|| e.to_string(), ToString::to_string)
}

/// The message of a server's document, or the text as one line where it is none.
pub(crate) fn of_document(text: &str) -> String {
    let text = match (element(text, "Code"), element(text, "Message")) {
        (Some(code), Some(message)) => format!("{message} ({code})"),
        (Some(code), None) => code,
        _ => text.to_owned(),
    };
    let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    crate::path::escape(&line.chars().take(MAX_WORDS).collect::<String>()).into_owned()
}

/// What stands in the first element of this name.
pub(crate) fn element(text: &str, name: &str) -> Option<String> {
    let (_, rest) = text.split_once(&format!("<{name}>"))?;
    let (inner, _) = rest.split_once(&format!("</{name}>"))?;
    let plain = inner.replace("&quot;", "\"").replace("&apos;", "'").replace("&#39;", "'");
    Some(plain.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> Error {
        Error::Generic { store: "S3", source: text.into() }
    }

    fn document(code: &str) -> Error {
        error(&format!(
            "Server returned non-2xx status code: 400: <?xml version=\"1.0\"?>\n<Error><Code>{code}\
             </Code>\n<Message>Not for &quot;you&quot;.</Message><RequestId>1</RequestId></Error>"
        ))
    }

    #[test]
    fn a_server_s_document_becomes_its_message() {
        assert_eq!(detail_of(&document("AccessDenied")), "Not for \"you\". (AccessDenied)");
        assert_eq!(detail_of(&error("connection\n refused")), "connection refused");
        assert_eq!(detail_of(&error(&"x".repeat(1000))).len(), MAX_WORDS);
    }

    #[test]
    fn codes_say_what_a_caller_does() {
        assert_eq!(fault_of(&document("ExpiredToken")), Fault::Denied);
        assert_eq!(fault_of(&document("SlowDown")), Fault::Busy);
        assert_eq!(fault_of(&document("EntityTooLarge")), Fault::Failed);
        assert_eq!(fault_of(&error("non-2xx status code: 503 Service Unavailable")), Fault::Busy);
        assert_eq!(fault_of(&error("non-2xx status code: 404 Not Found")), Fault::Failed);
        let (path, source) = (String::new(), "<Code>NoSuchBucket</Code>".into());
        assert_eq!(fault_of(&Error::NotFound { path, source }), Fault::NoBucket);
    }
}
