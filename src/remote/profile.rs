//! A profile: what the files that AWS's own tools keep say under one name.
//!
//! Read-only. Nothing of it is shown or kept.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Longest file that is read, in bytes.
const MAX_BYTES: u64 = 1 << 20;

/// The files of one person, read once.
#[derive(Clone, Default)]
pub struct Files {
    credentials: Sections,
    config: Sections,
}

type Sections = BTreeMap<String, BTreeMap<String, String>>;

impl Files {
    /// Reads the files that the variables name, or those below `home`. One that is not there is empty.
    pub fn read(env: &[(String, String)], home: Option<&Path>) -> Self {
        let file = |variable: &str, name: &str| {
            let found = env.iter().find(|(key, value)| key == variable && !value.is_empty());
            let beside = || home.map(|home| home.join(".aws").join(name));
            let path = found.map(|(_, path)| PathBuf::from(path)).or_else(beside);
            let bytes = path.and_then(|path| crate::fsio::read_capped(&path, MAX_BYTES).ok());
            sections(&String::from_utf8(bytes.unwrap_or_default()).unwrap_or_default())
        };
        Self {
            credentials: file("AWS_SHARED_CREDENTIALS_FILE", "credentials"),
            config: file("AWS_CONFIG_FILE", "config"),
        }
    }

    /// What is set for a profile; the file of credentials counts first.
    pub fn profile(&self, name: &str) -> BTreeMap<String, String> {
        let mut settings = self.section(&match name {
            "default" => name.to_owned(),
            name => format!("profile {name}"),
        });
        settings.extend(self.credentials.get(name).cloned().unwrap_or_default());
        settings
    }

    /// What is set for an `sso-session`.
    pub fn sso_session(&self, name: &str) -> BTreeMap<String, String> {
        self.section(&format!("sso-session {name}"))
    }

    fn section(&self, name: &str) -> BTreeMap<String, String> {
        self.config.get(name).cloned().unwrap_or_default()
    }
}

fn sections(text: &str) -> Sections {
    let mut found = Sections::new();
    let mut name = String::new();
    for line in text.lines() {
        let trimmed = line.trim();
        if trimmed.starts_with(['#', ';']) {
            continue;
        }
        if let Some(inner) = trimmed.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            // Words may stand apart as they like: `[ profile  x ]`, `[profile "x"]`.
            let words: Vec<&str> = inner.0.split_whitespace().collect();
            name = words.join(" ").replace('"', "");
        } else if !line.starts_with([' ', '\t'])
            // Indented lines belong to a setting of several parts.
            && let Some((key, value)) = trimmed.split_once('=')
        {
            let section = found.entry(name.clone()).or_default();
            section.insert(key.trim().to_ascii_lowercase(), value.trim().to_owned());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const CREDENTIALS: &str = "# mine\n[default]\naws_access_key_id = A\naws_secret_access_key=B\n\n\
                               [work]\naws_access_key_id=C\naws_secret_access_key = D=\n";
    const CONFIG: &str = "[default]\nregion = eu-west-1\n[profile  work] # ours\nregion = us-east-2\n\
                          s3 =\n  addressing_style = path\nendpoint_url = http://localhost:9000\n\
                          [sso-session corp]\nsso_region = eu-west-3\n";

    #[test]
    fn a_profile_is_what_both_files_say() {
        let home = tempfile::tempdir().expect("tempdir");
        let dir = home.path().join(".aws");
        std::fs::create_dir(&dir).expect("mkdir");
        std::fs::write(dir.join("credentials"), CREDENTIALS).expect("write");
        std::fs::write(dir.join("config"), CONFIG).expect("write");
        let files = Files::read(&[], Some(home.path()));
        let get = |profile: &str, key: &str| files.profile(profile).get(key).cloned();
        assert_eq!(get("default", "aws_access_key_id").as_deref(), Some("A"));
        assert_eq!(get("default", "region").as_deref(), Some("eu-west-1"));
        assert_eq!(get("work", "aws_secret_access_key").as_deref(), Some("D="));
        assert_eq!(get("work", "endpoint_url").as_deref(), Some("http://localhost:9000"));
        assert_eq!(get("work", "addressing_style"), None);
        assert_eq!(files.sso_session("corp")["sso_region"], "eu-west-3");
        assert!(files.profile("none").is_empty());
        // Variables name other files.
        let other = dir.join("config").display().to_string();
        let files = Files::read(&[("AWS_SHARED_CREDENTIALS_FILE".into(), other)], None);
        assert_eq!(files.profile("default")["region"], "eu-west-1");
    }
}
