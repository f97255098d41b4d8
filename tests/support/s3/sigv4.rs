//! The check of a signature of version 4, as AWS describes it:
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html>.

use ring::{digest, hmac};

use super::http::Request;

/// What the `Authorization` header of a request says.
pub struct Authorization {
    pub access_key: String,
    date: String,
    pub region: String,
    service: String,
    signed_headers: String,
    signature: String,
}

impl Authorization {
    /// `None` where there is no header of this kind.
    pub fn of(request: &Request) -> Option<Self> {
        let rest = request.header("authorization")?.strip_prefix("AWS4-HMAC-SHA256 ")?;
        let part = |name: &str| {
            let parts = rest.split(',').map(str::trim);
            parts.filter_map(|part| part.split_once('=')).find(|(key, _)| *key == name)
        };
        let text = |name: &str| part(name).map(|(_, value)| value.to_owned());
        let scope = text("Credential")?;
        let mut fields = scope.split('/').map(str::to_owned);
        Some(Self {
            access_key: fields.next()?,
            date: fields.next()?,
            region: fields.next()?,
            service: fields.next()?,
            signed_headers: text("SignedHeaders")?,
            signature: text("Signature")?,
        })
    }

    /// Whether the request was signed with this secret, and its body is the one that was signed.
    pub fn is_valid(&self, request: &Request, secret: &str) -> bool {
        let payload = request.header("x-amz-content-sha256").unwrap_or("UNSIGNED-PAYLOAD");
        if payload != "UNSIGNED-PAYLOAD" && payload != hex_sha256(&request.body) {
            return false;
        }
        let headers = self.signed_headers.split(';').map(|name| {
            let value = request.header(name).unwrap_or_default();
            format!("{name}:{}\n", value.split_whitespace().collect::<Vec<_>>().join(" "))
        });
        let parts = request.query.split('&').filter(|part| !part.is_empty());
        let with_value =
            |part: &str| format!("{part}{}", if part.contains('=') { "" } else { "=" });
        let mut query: Vec<String> = parts.map(with_value).collect();
        query.sort_unstable();
        let canonical = format!(
            "{}\n{}\n{}\n{}\n{}\n{payload}",
            request.method,
            request.path,
            query.join("&"),
            headers.collect::<String>(),
            self.signed_headers,
        );
        let scope = format!("{}/{}/{}/aws4_request", self.date, self.region, self.service);
        let time = request.header("x-amz-date").unwrap_or_default();
        let hash = hex_sha256(canonical.as_bytes());
        let text = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{hash}");
        let parts = [&self.date, &self.region, &self.service, "aws4_request"];
        let start = format!("AWS4{secret}").into_bytes();
        let key = parts.iter().fold(start, |key, part| mac(&key, part));
        hex(&mac(&key, &text)) == self.signature
    }
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    hmac::sign(&key, text.as_bytes()).as_ref().to_vec()
}

fn hex_sha256(bytes: &[u8]) -> String {
    hex(digest::digest(&digest::SHA256, bytes).as_ref())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
