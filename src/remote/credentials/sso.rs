//! A login by way of IAM Identity Center: `aws sso login` leaves a token, which buys credentials.
//!
//! <https://docs.aws.amazon.com/singlesignon/latest/PortalAPIReference/API_GetRoleCredentials.html>

use std::path::PathBuf;

use jiff::Timestamp;
use ring::digest;
use serde::Deserialize;

use super::{Files, Keys, NoCredentials, Places, Profile, no};

/// Longest token file that is read, in bytes.
const MAX_BYTES: u64 = 1 << 20;

/// What a profile says of a login.
#[derive(Clone)]
pub struct Login {
    profile: String,
    account: String,
    role: String,
    /// Where the token is kept.
    file: PathBuf,
    /// URL of the portal.
    endpoint: String,
}

impl Login {
    /// The login of a profile, if it has one.
    pub(super) fn of(
        places: &Places,
        files: &Files,
        name: &str,
        profile: &Profile,
    ) -> Result<Option<Self>, NoCredentials> {
        let (Some(account), Some(role)) =
            (profile.get("sso_account_id"), profile.get("sso_role_name"))
        else {
            return Ok(None);
        };
        let session = profile.get("sso_session");
        let settings = session.map_or_else(|| profile.clone(), |name| files.sso_session(name));
        let get = |key: &str| {
            let lacks = || no(format!("the login of the profile '{name}' lacks {key}"));
            settings.get(key).filter(|value| !value.is_empty()).ok_or_else(lacks)
        };
        let (region, start) = (get("sso_region")?, get("sso_start_url")?);
        let home = places.home.clone().ok_or_else(|| no("there is no home folder"))?;
        let kept_as = file_name(session.unwrap_or(start));
        let usual = || format!("https://portal.sso.{region}.amazonaws.com");
        Ok(Some(Self {
            profile: name.to_owned(),
            account: account.clone(),
            role: role.clone(),
            file: home.join(".aws/sso/cache").join(kept_as),
            endpoint: places.env("AWS_ENDPOINT_URL_SSO").unwrap_or_else(usual),
        }))
    }

    /// The token, if it is good now, and where it is to be shown.
    pub(super) fn request(&self, now: Timestamp) -> Result<(String, String), NoCredentials> {
        let again = |why: &str| no(format!("{why}: run aws sso login --profile {}", self.profile));
        let bytes = crate::fsio::read_capped(&self.file, MAX_BYTES)
            .map_err(|_| again("there is no login"))?;
        let kept: Kept = serde_json::from_slice(&bytes)
            .map_err(|_| again("the login that is kept cannot be read"))?;
        match kept.expires_at.parse::<Timestamp>() {
            Ok(end) if end > now => {}
            _ => return Err(again("the login has expired")),
        }
        let (role, account) = (super::services::encode(&self.role), &self.account);
        let account = super::services::encode(account);
        let path = format!("federation/credentials?role_name={role}&account_id={account}");
        Ok((format!("{}/{path}", self.endpoint.trim_end_matches('/')), kept.access_token))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Kept {
    access_token: String,
    expires_at: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Portal {
    role_credentials: RoleCredentials,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RoleCredentials {
    access_key_id: String,
    secret_access_key: String,
    session_token: String,
    /// Milliseconds since 1970.
    expiration: i64,
}

/// The credentials in the portal's answer.
pub(super) fn parse(answer: &[u8]) -> Option<Keys> {
    let found = serde_json::from_slice::<Portal>(answer).ok()?.role_credentials;
    Some(Keys {
        id: found.access_key_id,
        secret: found.secret_access_key,
        token: Some(found.session_token),
        expires: Some(Timestamp::from_millisecond(found.expiration).ok()?),
    })
}

/// The name of the file that AWS's tools keep a token in.
pub(super) fn file_name(of: &str) -> String {
    let hash = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, of.as_bytes());
    let hex: String = hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{hex}.json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_named_as_the_tools_do() {
        // sha1sum of the text.
        assert_eq!(file_name("admin"), "d033e22ae348aeb5660fc2140aec35850c4da997.json");
    }
}
