//! Where credentials come from: the environment, a profile, a program, a login, or the machine.
//!
//! Looked for as AWS's own tools do. They are renewed before they expire, and are never written, shown or
//! part of an error.

mod process;
mod services;
mod sso;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use object_store::CredentialProvider;
use object_store::aws::AwsCredential;
use object_store::client::HttpClient;

use super::profile::Files;
use sso::Login;

/// Credentials are renewed when they last no longer than this.
const LEFT: SignedDuration = SignedDuration::from_mins(5);
/// A role may be taken on to take on another, at most so often.
const MAX_ROLES: usize = 5;

/// Where credentials are looked for.
#[derive(Clone, Default)]
pub struct Places {
    /// Variables that begin with `AWS_`.
    pub env: Vec<(String, String)>,
    /// The folder that holds `.aws`.
    pub home: Option<PathBuf>,
    /// The profile that is asked for, before the one of the environment.
    pub profile: Option<String>,
}

impl Places {
    /// A variable that is set to something.
    pub fn env(&self, name: &str) -> Option<String> {
        let found = self.env.iter().find(|(key, value)| key == name && !value.is_empty());
        found.map(|(_, value)| value.clone())
    }

    /// The name of the profile, and whether somebody named it.
    fn profile_name(&self) -> (String, bool) {
        match self.profile.clone().or_else(|| self.env("AWS_PROFILE")) {
            Some(name) => (name, true),
            None => ("default".to_owned(), false),
        }
    }

    /// What the profile's files say, of what is not credentials.
    pub fn setting(&self, key: &str) -> Option<String> {
        let files = Files::read(&self.env, self.home.as_deref());
        files.profile(&self.profile_name().0).remove(key).filter(|value| !value.is_empty())
    }
}

/// One way to credentials.
#[derive(Clone)]
pub enum Source {
    /// As they are.
    Fixed(Keys),
    /// What a program prints.
    Process(String),
    /// A login with AWS's own tools, of which a token is left.
    Sso(Login),
    /// A role, taken on with other credentials.
    Role(Role, Box<Source>),
    /// A role, taken on with the token in a file.
    WebIdentity(Role, PathBuf),
    /// What the container's host answers at a URL, with what a header must say.
    Container(String, Header),
    /// What the machine's host answers.
    Machine,
}

/// A header that shows who asks: nothing, a text, or the content of a file that is read each time.
#[derive(Clone)]
pub enum Header {
    /// None.
    None,
    /// This.
    Text(String),
    /// What is in this file.
    File(PathBuf),
}

/// Credentials, and until when they are good.
#[derive(Clone)]
pub struct Keys {
    /// The id.
    pub id: String,
    /// The secret.
    pub secret: String,
    /// The session token, of those that expire.
    pub token: Option<String>,
    /// When they expire.
    pub expires: Option<Timestamp>,
}

/// A role to be taken on.
#[derive(Clone)]
pub struct Role {
    arn: String,
    session: String,
    external_id: Option<String>,
    /// URL of the service that hands roles out.
    endpoint: String,
    region: String,
}

/// Why there are no credentials; never holds any.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct NoCredentials(pub(crate) String);

/// What went wrong, for [`NoCredentials`].
pub(super) fn no(why: impl fmt::Display) -> NoCredentials {
    NoCredentials(why.to_string())
}

impl Source {
    /// The first place that has credentials; `None` where nothing but the machine is left to ask.
    pub fn find(places: &Places) -> Result<Option<Self>, NoCredentials> {
        let (name, is_named) = places.profile_name();
        // A profile that was asked for by name is meant, whatever the environment holds.
        if places.profile.is_none()
            && let Some(keys) = keys_of_env(places)
        {
            return Ok(Some(Self::Fixed(keys)));
        }
        let files = Files::read(&places.env, places.home.as_deref());
        if let Some(source) = of_profile(places, &files, &name, 0)? {
            return Ok(Some(source));
        }
        if is_named {
            return Err(no(format!("the profile '{name}' has no credentials")));
        }
        Ok(web_identity(places).or_else(|| container(places)))
    }
}

fn keys_of_env(places: &Places) -> Option<Keys> {
    Some(Keys {
        id: places.env("AWS_ACCESS_KEY_ID")?,
        secret: places.env("AWS_SECRET_ACCESS_KEY")?,
        token: places.env("AWS_SESSION_TOKEN"),
        expires: None,
    })
}

type Profile = BTreeMap<String, String>;

fn of_profile(
    places: &Places,
    files: &Files,
    name: &str,
    depth: usize,
) -> Result<Option<Source>, NoCredentials> {
    let profile = files.profile(name);
    let get = |key: &str| profile.get(key).filter(|value| !value.is_empty()).cloned();
    if depth > MAX_ROLES {
        return Err(no(format!("the roles of the profile '{name}' lead in a circle")));
    }
    if let Some(role) = role_of(places, &profile) {
        if let Some(file) = get("web_identity_token_file") {
            return Ok(Some(Source::WebIdentity(role, file.into())));
        }
        let base = match (get("source_profile"), get("credential_source").as_deref()) {
            // A profile may name itself: its own keys, then.
            (Some(source), _) if source == name => keys_of(&profile).map(Source::Fixed),
            (Some(source), _) => of_profile(places, files, &source, depth + 1)?,
            (None, Some("Environment")) => keys_of_env(places).map(Source::Fixed),
            (None, Some("EcsContainer")) => container(places),
            (None, Some("Ec2InstanceMetadata")) => Some(Source::Machine),
            _ => None,
        };
        let base = base.ok_or_else(|| no(format!("nothing lets '{name}' take on its role")))?;
        return Ok(Some(Source::Role(role, Box::new(base))));
    }
    if let Some(login) = Login::of(places, files, name, &profile)? {
        return Ok(Some(Source::Sso(login)));
    }
    Ok(keys_of(&profile).map(Source::Fixed).or(get("credential_process").map(Source::Process)))
}

fn keys_of(profile: &Profile) -> Option<Keys> {
    Some(Keys {
        id: profile.get("aws_access_key_id")?.clone(),
        secret: profile.get("aws_secret_access_key")?.clone(),
        token: profile.get("aws_session_token").cloned(),
        expires: None,
    })
}

fn role_of(places: &Places, profile: &Profile) -> Option<Role> {
    let region = places.env("AWS_REGION").or_else(|| profile.get("region").cloned());
    let mut role = role(places, profile.get("role_arn")?.clone(), region);
    role.external_id = profile.get("external_id").cloned();
    if let Some(session) = profile.get("role_session_name") {
        role.session = session.clone();
    }
    Some(role)
}

fn role(places: &Places, arn: String, region: Option<String>) -> Role {
    let region = region.unwrap_or_else(|| "us-east-1".to_owned());
    let usual = || format!("https://sts.{region}.amazonaws.com");
    let endpoint = places.env("AWS_ENDPOINT_URL_STS").unwrap_or_else(usual);
    let session = places.env("AWS_ROLE_SESSION_NAME").unwrap_or_else(|| "esker".to_owned());
    Role { arn, session, external_id: None, endpoint, region }
}

fn web_identity(places: &Places) -> Option<Source> {
    let file = places.env("AWS_WEB_IDENTITY_TOKEN_FILE")?;
    let role = role(places, places.env("AWS_ROLE_ARN")?, places.env("AWS_REGION"));
    Some(Source::WebIdentity(role, file.into()))
}

fn container(places: &Places) -> Option<Source> {
    let relative = places.env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    let url = relative.map(|path| format!("http://169.254.170.2{path}"));
    let url = url.or_else(|| places.env("AWS_CONTAINER_CREDENTIALS_FULL_URI"))?;
    let file = places.env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
    let text = places.env("AWS_CONTAINER_AUTHORIZATION_TOKEN");
    let header = match (file, text) {
        (Some(file), _) => Header::File(file.into()),
        (None, Some(text)) => Header::Text(text),
        (None, None) => Header::None,
    };
    Some(Source::Container(url, header))
}

/// Credentials of a source, kept until shortly before they expire.
pub struct Renewed {
    source: Source,
    http: HttpClient,
    kept: Mutex<Option<(Arc<AwsCredential>, Option<Timestamp>)>>,
}

impl Renewed {
    /// Nothing is asked for yet.
    pub fn new(source: Source, http: HttpClient) -> Self {
        Self { source, http, kept: Mutex::default() }
    }

    async fn get(&self) -> object_store::Result<Arc<AwsCredential>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let is_good = |until: &Option<Timestamp>| {
            until.is_none_or(|until| until.duration_since(Timestamp::now()) > LEFT)
        };
        if let Some((keys, _)) = kept.filter(|(_, until)| is_good(until)) {
            return Ok(keys);
        }
        let keys = services::fetch(&self.http, &self.source).await.map_err(|e| {
            let (path, source) = (String::new(), Box::new(e));
            object_store::Error::Unauthenticated { path, source }
        })?;
        let until = keys.expires;
        let keys = Arc::new(keys.into());
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) =
            Some((Arc::clone(&keys), until));
        Ok(keys)
    }
}

impl From<Keys> for AwsCredential {
    fn from(keys: Keys) -> Self {
        Self { key_id: keys.id, secret_key: keys.secret, token: keys.token }
    }
}

impl fmt::Debug for Renewed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("credentials")
    }
}

type Got<'a> = Pin<Box<dyn Future<Output = object_store::Result<Arc<AwsCredential>>> + Send + 'a>>;

impl CredentialProvider for Renewed {
    type Credential = AwsCredential;

    fn get_credential<'s, 'a>(&'s self) -> Got<'a>
    where
        's: 'a,
        Self: 'a,
    {
        Box::pin(self.get())
    }
}
