//! Each way to credentials, against services inside the test: what they hand out signs a request that the
//! server takes.

use std::fs;

use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;

use super::Places;
use crate::remote::s3::{S3, S3Options};
use crate::remote::test_server::{Identity, Page, Rights, Server};
use crate::remote::transport::{Transport, TransportError, get};

const TOKEN: &str = "a-session-token-that-must-not-be-seen";
const SECRET: &str = "a-secret/that+must-not-be-seen";

/// A server that lets only temporary credentials in, and a home with this `config`.
struct Place {
    server: Server,
    home: TempDir,
    env: Vec<(String, String)>,
}

impl Place {
    fn new(config: &str) -> Self {
        let server = Server::start();
        server.set_identity(Identity {
            access_key: "ASIATEMPORARY".into(),
            secret: SECRET.into(),
            token: Some(TOKEN.into()),
            rights: Rights::ALL,
            is_expired: false,
        });
        let home = tempfile::tempdir().expect("tempdir");
        fs::create_dir(home.path().join(".aws")).expect("mkdir");
        fs::write(home.path().join(".aws/config"), config).expect("write");
        Self { server, home, env: Vec::new() }.with("AWS_REGION", "us-east-1")
    }

    fn with(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    fn open_as(&self, profile: Option<&str>) -> Result<S3, TransportError> {
        let places = Places {
            env: self.env.clone(),
            home: Some(self.home.path().to_owned()),
            profile: profile.map(str::to_owned),
        };
        let endpoint = Some(self.server.url());
        S3::new("bucket", "x", &S3Options { endpoint, places, ..S3Options::default() }, None)
    }

    /// The credentials that are found let a key be written and read.
    #[track_caller]
    fn works(&self, profile: Option<&str>) {
        let s3 = self.open_as(profile).expect("credentials");
        s3.put("key", b"bytes".to_vec()).expect("put");
        assert_eq!(get(&s3, "key", 10).expect("get"), b"bytes");
    }

    /// What is said when there are none; never holds a secret.
    #[track_caller]
    fn fails(&self, profile: Option<&str>) -> String {
        let Err(e) = self.open_as(profile) else { panic!("credentials were found") };
        let said = e.to_string();
        assert!(e.is_denied() && said.starts_with("cannot reach s3://bucket/x: "), "{said}");
        assert!(said.contains("no credentials were found"), "{said}");
        for secret in [TOKEN, SECRET] {
            assert!(!said.contains(secret), "{said}");
        }
        said
    }
}

fn in_an_hour() -> Timestamp {
    Timestamp::now() + SignedDuration::from_hours(1)
}

/// What containers answer, and programs print.
fn document(token: &str) -> String {
    let end = in_an_hour();
    format!(
        "{{\"Version\":1,\"AccessKeyId\":\"ASIATEMPORARY\",\"SecretAccessKey\":\"{SECRET}\",\
         \"{token}\":\"{TOKEN}\",\"Expiration\":\"{end}\"}}"
    )
}

/// What the service of roles answers.
fn assumed() -> String {
    format!(
        "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIATEMPORARY</AccessKeyId>\
         <SecretAccessKey>{SECRET}</SecretAccessKey><SessionToken>{TOKEN}</SessionToken>\
         <Expiration>{}</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>",
        in_an_hour()
    )
}

#[test]
fn a_profile_s_keys_are_used() {
    let keys = format!(
        "aws_access_key_id = ASIATEMPORARY\naws_secret_access_key = {SECRET}\n\
         aws_session_token = {TOKEN}\n"
    );
    let place = Place::new(&format!("[profile work]\n{keys}"));
    place.works(Some("work"));
    assert!(place.fails(Some("play")).ends_with(": the profile 'play' has no credentials"));
    assert!(place.fails(None).ends_with("no credentials were found"));
    let place = place.with("AWS_PROFILE", "work");
    place.works(None);
    // A profile that is named counts before keys of the environment, and these before the usual one.
    let place = place.with("AWS_ACCESS_KEY_ID", "AKIAWRONG").with("AWS_SECRET_ACCESS_KEY", "wrong");
    place.works(Some("work"));
    let s3 = place.open_as(None).expect("keys of the environment");
    assert!(get(&s3, "key", 10).is_err_and(|e| e.is_denied()));
}

#[cfg(unix)]
#[test]
fn a_program_s_credentials_are_used() {
    let place = Place::new("[default]\ncredential_process = /bin/cat \"HOME/my keys.json\"\n");
    let (config, keys) =
        (place.home.path().join(".aws/config"), place.home.path().join("my keys.json"));
    let text = fs::read_to_string(&config).expect("read");
    fs::write(&config, text.replace("HOME", &place.home.path().display().to_string()))
        .expect("write");
    let said = place.fails(None);
    assert!(said.contains("the program /bin/cat gives no credentials: exit status: 1 "), "{said}");
    fs::write(&keys, document("SessionToken")).expect("write");
    place.works(None);
    fs::write(&keys, document("SessionToken").replace("Version\":1", "Version\":7"))
        .expect("write");
    assert!(place.fails(None).contains("it prints version 7"));
}

#[test]
fn a_login_buys_credentials() {
    let config = "[profile dev]\nsso_session = corp\nsso_account_id = 0123\nsso_role_name = Read & write\n\
                  [sso-session corp]\nsso_region = eu-west-3\nsso_start_url = https://corp.example/start\n\
                  [profile old]\nsso_account_id = 0123\nsso_role_name = Read & write\n\
                  sso_region = eu-west-3\nsso_start_url = https://corp.example/start\n\
                  [profile broken]\nsso_session = none\nsso_account_id = 1\nsso_role_name = x\n";
    let place = Place::new(config);
    let place = {
        let url = place.server.url();
        place.with("AWS_ENDPOINT_URL_SSO", &url)
    };
    let cache = place.home.path().join(".aws/sso/cache");
    fs::create_dir_all(&cache).expect("mkdir");
    let keep = |name: &str, end: &str| {
        let token = format!("{{\"accessToken\":\"the-login\",\"expiresAt\":\"{end}\"}}");
        fs::write(cache.join(format!("{name}.json")), token).expect("write");
    };
    let end = in_an_hour().as_millisecond();
    place.server.set_page("/federation/credentials", Page {
        parameters: vec![("role_name", "Read & write".into()), ("account_id", "0123".into())],
        headers: vec![("x-amz-sso_bearer_token", "the-login".into())],
        document: format!(
            "{{\"roleCredentials\":{{\"accessKeyId\":\"ASIATEMPORARY\",\"secretAccessKey\":\"{SECRET}\",\
             \"sessionToken\":\"{TOKEN}\",\"expiration\":{end}}}}}"
        ),
        ..Page::default()
    });
    let again = "run aws sso login --profile dev";
    assert!(place.fails(Some("dev")).contains(&format!("there is no login: {again}")));
    let name = |of: &str| super::sso::file_name(of).trim_end_matches(".json").to_owned();
    keep(&name("corp"), "2020-01-01T00:00:00Z");
    assert!(place.fails(Some("dev")).contains(&format!("the login has expired: {again}")));
    keep(&name("corp"), &in_an_hour().to_string());
    place.works(Some("dev"));
    keep(&name("https://corp.example/start"), &in_an_hour().to_string());
    place.works(Some("old"));
    assert!(place.fails(Some("broken")).contains("lacks sso_region"));
}

#[test]
fn roles_are_taken_on() {
    let config = "[profile base]\naws_access_key_id = AKIABASE\naws_secret_access_key = base-secret\n\
                  [profile role]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = base\n\
                  external_id = a b\nrole_session_name = me\n\
                  [profile circle]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = circus\n\
                  [profile circus]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = circle\n";
    let place = Place::new(config);
    let place = {
        let url = place.server.url();
        place.with("AWS_ENDPOINT_URL_STS", &url)
    };
    place.server.set_page(
        "/",
        Page {
            parameters: vec![
                ("Action", "AssumeRole".into()),
                ("RoleArn", "arn:aws:iam::1:role/r".into()),
                ("ExternalId", "a b".into()),
                ("RoleSessionName", "me".into()),
            ],
            signed: Some(("AKIABASE".into(), "base-secret".into())),
            document: assumed(),
            ..Page::default()
        },
    );
    place.works(Some("role"));
    assert!(place.fails(Some("circle")).contains("lead in a circle"));
    // The service refuses: what it says is told.
    place.server.set_page("/", Page { signed: Some(("x".into(), "y".into())), ..Page::default() });
    let said = place.fails(Some("role"));
    assert!(said.contains("answers 403 Forbidden: Not as it should be (AccessDenied)"), "{said}");
    // What it hands out cannot be read: none of it is told.
    place.server.set_page("/", Page { document: format!("<x>{SECRET}</x>"), ..Page::default() });
    assert!(place.fails(Some("role")).contains("is not the one that is expected"));
}

#[test]
fn a_web_identity_is_taken_on() {
    let place = Place::new("");
    let file = place.home.path().join("token");
    fs::write(&file, "the.identity.token\n").expect("write");
    let url = place.server.url();
    let place = place
        .with("AWS_ENDPOINT_URL_STS", &url)
        .with("AWS_ROLE_ARN", "arn:aws:iam::1:role/pod")
        .with("AWS_WEB_IDENTITY_TOKEN_FILE", &file.display().to_string());
    place.server.set_page(
        "/",
        Page {
            parameters: vec![
                ("Action", "AssumeRoleWithWebIdentity".into()),
                ("WebIdentityToken", "the.identity.token".into()),
                ("RoleArn", "arn:aws:iam::1:role/pod".into()),
            ],
            document: assumed(),
            ..Page::default()
        },
    );
    place.works(None);
    fs::write(&file, "another.token").expect("write");
    assert!(!place.fails(None).contains("another.token"));
    fs::remove_file(&file).expect("remove");
    assert!(place.fails(None).contains("token"));
}

#[test]
fn a_container_has_credentials() {
    let place = Place::new("");
    let file = place.home.path().join("token");
    fs::write(&file, "of-the-pod").expect("write");
    let url = format!("{}/v1/credentials", place.server.url());
    let place = place.with("AWS_CONTAINER_CREDENTIALS_FULL_URI", &url);
    let page = Page { document: document("Token"), ..Page::default() };
    place.server.set_page("/v1/credentials", page.clone());
    place.works(None);
    let headers = vec![("authorization", "of-the-pod".to_owned())];
    place.server.set_page("/v1/credentials", Page { headers, ..page });
    assert!(place.fails(None).contains("answers 403"));
    let place = place.with("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", &file.display().to_string());
    place.works(None);
}

#[test]
fn a_machine_has_credentials() {
    let place = Place::new("");
    let url = place.server.url();
    let place = place.with("AWS_EC2_METADATA_SERVICE_ENDPOINT", &url);
    let path = "/latest/meta-data/iam/security-credentials/";
    let page = |document: String| Page { document, ..Page::default() };
    let with_token = |document: String| Page {
        headers: vec![("x-aws-ec2-metadata-token", "for-metadata".into())],
        document,
        ..Page::default()
    };
    place.server.set_page("/latest/api/token", page("for-metadata".into()));
    place.server.set_page(path, with_token("the-role".into()));
    place.server.set_page(&format!("{path}the-role"), with_token(document("Token")));
    place.works(None);
    let place = place.with("AWS_EC2_METADATA_DISABLED", "true");
    assert!(place.fails(None).ends_with("no credentials were found"));
}

/// Credentials that soon expire are asked for again; ones that last are not.
#[test]
fn credentials_are_renewed_before_they_expire() {
    let place = Place::new("");
    let url = format!("{}/keys", place.server.url());
    let place = place.with("AWS_CONTAINER_CREDENTIALS_FULL_URI", &url);
    let asked = |document: String| {
        place.server.set_page("/keys", Page { document, ..Page::default() });
        let s3 = place.open_as(None).expect("credentials");
        place.server.take_log();
        (0..3).for_each(|n| s3.put(&format!("k{n}"), vec![]).expect("put"));
        place.server.take_log().iter().filter(|seen| seen.bucket == "keys").count()
    };
    assert_eq!(asked(document("Token")), 0);
    let soon = Timestamp::now() + SignedDuration::from_mins(4);
    let text = document("Token");
    let (head, _) = text.split_once("\"Expiration\"").expect("it has one");
    assert_eq!(asked(format!("{head}\"Expiration\":\"{soon}\"}}")), 3);
}

/// Nobody is asked for credentials over plain HTTP but this machine and what its host offers.
#[test]
fn credentials_are_not_asked_for_over_plain_http() {
    let place = Place::new("").with("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://192.0.2.1/keys");
    let places = Places { env: place.env.clone(), home: None, profile: None };
    let options = S3Options { places, ..S3Options::default() };
    let Err(e) = S3::new("bucket", "x", &options, None) else { panic!("credentials were found") };
    assert!(e.to_string().contains("not asked for over plain HTTP"), "{e}");
}

/// What the bucket is asked to do with what is put: encrypt, as the usual variables say.
#[test]
fn encryption_is_asked_for_as_the_environment_says() {
    let place = Place::new("")
        .with("AWS_ACCESS_KEY_ID", "ASIATEMPORARY")
        .with("AWS_SECRET_ACCESS_KEY", SECRET)
        .with("AWS_SESSION_TOKEN", TOKEN)
        .with("AWS_SERVER_SIDE_ENCRYPTION", "aws:kms")
        .with("AWS_SSE_KMS_KEY_ID", "the-key");
    let s3 = place.open_as(None).expect("credentials");
    s3.put("key", b"bytes".to_vec()).expect("put");
    s3.create_if_absent("root", b"bytes").expect("create");
    for key in ["x/key", "x/root"] {
        let headers = place.server.object(key).expect("there").headers;
        let value = |name: &str| headers.iter().find(|(k, _)| k == name).map(|(_, v)| v.as_str());
        assert_eq!(value("x-amz-server-side-encryption"), Some("aws:kms"), "{key}");
        assert_eq!(value("x-amz-server-side-encryption-aws-kms-key-id"), Some("the-key"), "{key}");
    }
}
