//! The way to a bucket: endpoint, region and credentials, looked for as AWS's own tools do.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use object_store::ClientOptions;
use object_store::RetryConfig;
use object_store::aws::{AmazonS3, AmazonS3Builder, AmazonS3ConfigKey, S3ConditionalPut};
use object_store::client::{HttpClient, HttpRequest, HttpRequestBody};
use reqwest::Certificate;

use super::line::Line;
use super::words::{detail_of, fault_of, innermost};
use crate::fsio::read_capped;
use crate::path::escape;
use crate::remote::credentials::{Places, Renewed, Source};
use crate::remote::pace::Pace;
use crate::remote::transport::Fault;

/// Nothing came or went for so long: the request is given up, where nothing else is said.
const STALL: Duration = Duration::from_secs(60);
const CONNECT: Duration = Duration::from_secs(10);
/// Longest file of authorities, in bytes: those that systems have take 300 KB.
const MAX_BUNDLE: u64 = 16 << 20;
/// How often and how long a refused request is sent again, before it is signed anew.
const RETRIES: usize = 2;
const RETRY: Duration = Duration::from_secs(60);
/// Variables that mean the same to the library below.
const PASSED_ON: &[(&str, &str)] = &[
    ("AWS_SERVER_SIDE_ENCRYPTION", "aws_server_side_encryption"),
    ("AWS_SSE_KMS_KEY_ID", "aws_sse_kms_key_id"),
    ("AWS_SSE_BUCKET_KEY_ENABLED", "aws_sse_bucket_key_enabled"),
    ("AWS_SSE_CUSTOMER_KEY_BASE64", "aws_sse_customer_key_base64"),
    ("AWS_REQUEST_PAYER", "aws_request_payer"),
    ("AWS_EC2_METADATA_SERVICE_ENDPOINT", "aws_metadata_endpoint"),
];

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
    /// Where credentials are looked for, and all that is not set above.
    pub places: Places,
    /// A request is given up when nothing came or went for so long; a minute when absent.
    pub stall: Option<Duration>,
}

/// Why a bucket cannot be reached.
pub(super) type Failed = (Fault, String);

impl S3Options {
    /// URL of the server, without credentials in it.
    pub(super) fn endpoint(&self) -> Result<Option<String>, Failed> {
        let variable = |name: &str| self.places.env(name);
        let found = (self.endpoint.clone())
            .or_else(|| variable("AWS_ENDPOINT_URL_S3"))
            .or_else(|| variable("AWS_ENDPOINT_URL"))
            .or_else(|| self.of_profile("endpoint_url"));
        match found {
            Some(endpoint) if endpoint.contains('@') => {
                Err((Fault::Failed, "credentials do not belong into the endpoint".to_owned()))
            }
            found => Ok(found.map(|endpoint| endpoint.trim_end_matches('/').to_owned())),
        }
    }

    /// The authorities of the file that somebody named; where nobody did, those of the system count.
    fn authorities(&self) -> Result<Option<Vec<Certificate>>, Failed> {
        let named = self.places.env("AWS_CA_BUNDLE").or_else(|| self.of_profile("ca_bundle"));
        let Some(path) = named else { return Ok(None) };
        let fail = |why: String| (Fault::Failed, format!("of the trusted authorities: {why}"));
        let bytes = read_capped(Path::new(&path), MAX_BUNDLE).map_err(|e| fail(e.to_string()))?;
        match Certificate::from_pem_bundle(&bytes) {
            Ok(found) if !found.is_empty() => Ok(Some(found)),
            _ => Err(fail(format!("{} holds no certificates in PEM", escape(&path)))),
        }
    }

    fn of_profile(&self, key: &str) -> Option<String> {
        if self.anonymous { None } else { self.places.setting(key) }
    }

    fn known_region(&self) -> Option<String> {
        let variable = |name: &str| self.places.env(name);
        (self.region.clone())
            .or_else(|| variable("AWS_REGION"))
            .or_else(|| variable("AWS_DEFAULT_REGION"))
            .or_else(|| self.of_profile("region"))
    }

    /// The store, once there are credentials for it.
    pub(super) async fn open(
        &self,
        bucket: &str,
        endpoint: Option<&str>,
        pace: Option<Arc<Pace>>,
    ) -> Result<AmazonS3, Failed> {
        let line = Line::new(self.stall.unwrap_or(STALL), pace).trusting(self.authorities()?);
        let is_plain = endpoint.is_some_and(|endpoint| endpoint.starts_with("http://"));
        let http = line.client(is_plain, CONNECT).map_err(of_library)?;
        let region = match self.known_region() {
            Some(region) => region,
            None => region_of(&http, bucket, endpoint, self.virtual_host).await?,
        };
        let builder = self.builder(&line, endpoint).with_bucket_name(bucket).with_region(region);
        if self.anonymous {
            return builder.with_skip_signature(true).build().map_err(of_library);
        }
        // Whoever hands credentials out is asked over TLS, whatever the bucket's server speaks.
        let http = line.client(false, CONNECT).map_err(of_library)?;
        self.sign(builder, http, endpoint.is_some()).await
    }

    /// What does not depend on the bucket.
    fn builder(&self, line: &Line, endpoint: Option<&str>) -> AmazonS3Builder {
        let is_plain = endpoint.is_some_and(|endpoint| endpoint.starts_with("http://"));
        let mut builder = AmazonS3Builder::new()
            .with_virtual_hosted_style_request(self.virtual_host)
            .with_conditional_put(S3ConditionalPut::ETagMatch)
            // Not every server knows the request that deletes many.
            .with_disable_bulk_delete(true)
            // Over TLS nothing can change on the way; hashing every byte again would cost a core.
            .with_unsigned_payload(!is_plain)
            .with_client_options(ClientOptions::new().with_allow_http(is_plain))
            .with_http_connector(line.clone())
            .with_retry(RetryConfig {
                max_retries: RETRIES,
                retry_timeout: RETRY,
                ..RetryConfig::default()
            });
        for (name, key) in PASSED_ON {
            if let (Some(value), Ok(key)) =
                (self.places.env(name), key.parse::<AmazonS3ConfigKey>())
            {
                builder = builder.with_config(key, value);
            }
        }
        match endpoint {
            Some(endpoint) => builder.with_endpoint(endpoint),
            None => builder,
        }
    }

    /// The store with credentials, which are asked for now: whoever has none learns it at once.
    async fn sign(
        &self,
        mut builder: AmazonS3Builder,
        http: HttpClient,
        has_endpoint: bool,
    ) -> Result<AmazonS3, Failed> {
        let none = |why: String| (Fault::Denied, format!("no credentials were found{why}"));
        let source = Source::find(&self.places).map_err(|e| none(format!(": {e}")))?;
        let is_machine = matches!(source, None | Some(Source::Machine));
        let is_off = || self.places.env("AWS_EC2_METADATA_DISABLED").is_some_and(|v| v == "true");
        // A machine of AWS has credentials of its own; another server's clients must bring theirs.
        let may_ask = !is_off()
            && (!has_endpoint || self.places.env("AWS_EC2_METADATA_SERVICE_ENDPOINT").is_some());
        if is_machine && !may_ask {
            return Err(none(String::new()));
        }
        if let Some(source) = source.filter(|_| !is_machine) {
            builder = builder.with_credentials(Arc::new(Renewed::new(source, http)));
        }
        let store = builder.build().map_err(of_library)?;
        match store.credentials().get_credential().await {
            Ok(_) => Ok(store),
            Err(e) if is_machine => {
                Err(none(format!(", and this machine has none: {}", innermost(&e))))
            }
            Err(e) => Err(none(format!(": {}", innermost(&e)))),
        }
    }
}

/// Asks for a bucket's region: S3 tells it to anyone. Another server that does not has the usual one.
async fn region_of(
    http: &HttpClient,
    bucket: &str,
    endpoint: Option<&str>,
    has_bucket: bool,
) -> Result<String, Failed> {
    let url = match endpoint {
        Some(endpoint) if has_bucket => endpoint.to_owned(),
        Some(endpoint) => format!("{endpoint}/{bucket}"),
        // The certificate is for one label only.
        None if bucket.contains('.') => format!("https://s3.amazonaws.com/{bucket}"),
        None => format!("https://{bucket}.s3.amazonaws.com"),
    };
    let mut request = HttpRequest::new(HttpRequestBody::empty());
    let wrong = |_| (Fault::Failed, "the endpoint is no URL".to_owned());
    *request.uri_mut() = url.parse().map_err(wrong)?;
    *request.method_mut() = "HEAD".parse().expect("a method");
    let answer = match http.execute(request).await {
        Ok(answer) => answer,
        Err(e) if endpoint.is_none() => {
            let source = Box::new(e);
            return Err(of_library(object_store::Error::Generic { store: "S3", source }));
        }
        // What is wrong with it is told by the first request that matters.
        Err(_) => return Ok("us-east-1".to_owned()),
    };
    let region = answer.headers().get("x-amz-bucket-region").and_then(|v| v.to_str().ok());
    match (region, endpoint) {
        (Some(region), _) => Ok(region.to_owned()),
        (None, Some(_)) => Ok("us-east-1".to_owned()),
        (None, None) if answer.status() == 404 => {
            Err((Fault::NoBucket, format!("there is no bucket '{bucket}'")))
        }
        (None, None) => Err((Fault::Failed, "the bucket's region is not told".to_owned())),
    }
}

fn of_library(e: object_store::Error) -> Failed {
    (fault_of(&e), detail_of(&e))
}
