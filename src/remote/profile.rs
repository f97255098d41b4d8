//! Credentials and region from the files that AWS's own tools keep, for a named profile.
//!
//! Read-only, and only when the environment names no credentials. Nothing of it is shown or kept.

use std::path::{Path, PathBuf};

/// Longest file that is read, in bytes.
const MAX_BYTES: u64 = 1 << 20;
/// Keys of the files, and the variables that mean the same.
const KEYS: &[(&str, &str)] = &[
    ("aws_access_key_id", "AWS_ACCESS_KEY_ID"),
    ("aws_secret_access_key", "AWS_SECRET_ACCESS_KEY"),
    ("aws_session_token", "AWS_SESSION_TOKEN"),
    ("region", "AWS_REGION"),
    ("endpoint_url", "AWS_ENDPOINT_URL"),
];

/// Adds to the variables what the profile's files say and they do not.
pub fn fill(env: &mut Vec<(String, String)>, home: Option<&Path>) {
    let get = |name: &str| {
        let found = env.iter().find(|(key, value)| key == name && !value.is_empty());
        found.map(|(_, value)| value.clone())
    };
    if get("AWS_ACCESS_KEY_ID").is_some() {
        return;
    }
    let profile = get("AWS_PROFILE").unwrap_or_else(|| "default".to_owned());
    let file = |variable: &str, name: &str| {
        let beside = || home.map(|home| home.join(".aws").join(name));
        get(variable).map(PathBuf::from).or_else(beside)
    };
    let files = [
        (file("AWS_SHARED_CREDENTIALS_FILE", "credentials"), profile.clone()),
        (file("AWS_CONFIG_FILE", "config"), config_section(&profile)),
    ];
    let mut found = Vec::new();
    for (path, section) in files {
        let bytes = path.and_then(|path| crate::fsio::read_capped(&path, MAX_BYTES).ok());
        let text = String::from_utf8(bytes.unwrap_or_default()).unwrap_or_default();
        found.extend(section_of(&text, &section));
    }
    for (name, value) in found {
        if !env.iter().any(|(key, old)| *key == name && !old.is_empty()) {
            env.push((name, value));
        }
    }
}

/// `config` names all sections but the default one with a word before.
fn config_section(profile: &str) -> String {
    match profile {
        "default" => "default".to_owned(),
        profile => format!("profile {profile}"),
    }
}

/// The variables that a section of a file stands for.
fn section_of(text: &str, section: &str) -> Vec<(String, String)> {
    let mut is_inside = false;
    let mut found = Vec::new();
    for line in text.lines() {
        let trimmed = line.trim();
        if let Some(name) = trimmed.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            is_inside = name.trim() == section;
        } else if is_inside && !trimmed.starts_with(['#', ';'])
            // Indented lines belong to a setting of several parts.
            && !line.starts_with([' ', '\t'])
            && let Some((key, value)) = trimmed.split_once('=')
        {
            let variable = KEYS.iter().find(|(name, _)| *name == key.trim());
            found.extend(variable.map(|(_, name)| ((*name).to_owned(), value.trim().to_owned())));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const CREDENTIALS: &str = "# mine\n[default]\naws_access_key_id = A\naws_secret_access_key=B\n\n\
                               [work]\naws_access_key_id=C\naws_secret_access_key = D=\n";
    const CONFIG: &str = "[default]\nregion = eu-west-1\n[profile work]\nregion = us-east-2\n\
                          s3 =\n  addressing_style = path\nendpoint_url = http://localhost:9000\n";

    fn filled(env: &[(&str, &str)]) -> Vec<(String, String)> {
        let home = tempfile::tempdir().expect("tempdir");
        let dir = home.path().join(".aws");
        std::fs::create_dir(&dir).expect("mkdir");
        std::fs::write(dir.join("credentials"), CREDENTIALS).expect("write");
        std::fs::write(dir.join("config"), CONFIG).expect("write");
        let mut env = env.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        fill(&mut env, Some(home.path()));
        env
    }

    fn value<'e>(env: &'e [(String, String)], name: &str) -> Option<&'e str> {
        env.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    #[test]
    fn a_profile_gives_what_the_environment_does_not() {
        let env = filled(&[]);
        assert_eq!(value(&env, "AWS_ACCESS_KEY_ID"), Some("A"));
        assert_eq!(value(&env, "AWS_REGION"), Some("eu-west-1"));
        let env = filled(&[("AWS_PROFILE", "work"), ("AWS_REGION", "here")]);
        assert_eq!(value(&env, "AWS_SECRET_ACCESS_KEY"), Some("D="));
        assert_eq!(value(&env, "AWS_REGION"), Some("here"));
        assert_eq!(value(&env, "AWS_ENDPOINT_URL"), Some("http://localhost:9000"));
        // Credentials of the environment stand alone.
        assert_eq!(filled(&[("AWS_ACCESS_KEY_ID", "X")]).len(), 1);
        assert_eq!(filled(&[("AWS_PROFILE", "none")]).len(), 1);
    }
}
