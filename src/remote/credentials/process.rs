//! Credentials that a program prints: `credential_process` of a profile.
//!
//! <https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html>

use std::process::{Command, Stdio};

use serde::Deserialize;

use super::{Keys, NoCredentials, no};

/// Most of what a program may say of a failure, in characters.
const MAX_WORDS: usize = 200;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Printed {
    version: u32,
    access_key_id: String,
    secret_access_key: String,
    session_token: Option<String>,
    expiration: Option<String>,
}

/// Runs the program and reads what it prints.
pub(super) fn run(line: &str) -> Result<Keys, NoCredentials> {
    let words = split(line);
    let (program, arguments) = words.split_first().ok_or_else(|| no("no program is named"))?;
    let fail = |why: String| no(format!("the program {program} gives no credentials: {why}"));
    let output = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .map_err(|e| fail(e.to_string()))?;
    if !output.status.success() {
        // Only what it says to people: its output may hold secrets.
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        let last = text.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default();
        let said: String = last.trim().chars().take(MAX_WORDS).collect();
        return Err(fail(format!("{} {said}", output.status).trim_end().to_owned()));
    }
    // What serde says of a wrong document may quote it.
    let printed: Printed = serde_json::from_slice(&output.stdout)
        .map_err(|_| fail("what it prints is not the document that is expected".to_owned()))?;
    if printed.version != 1 {
        return Err(fail(format!("it prints version {}", printed.version)));
    }
    let expires = printed.expiration.map(|text| text.parse()).transpose();
    Ok(Keys {
        id: printed.access_key_id,
        secret: printed.secret_access_key,
        token: printed.session_token,
        expires: expires.map_err(|_| fail("it prints a time that is none".to_owned()))?,
    })
}

/// The words of a line, as a shell would see them: quotes keep words together.
fn split(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut letters = line.chars().peekable();
    while let Some(letter) = letters.next() {
        match (letter, quote) {
            (c, Some(q)) if c == q => quote = None,
            ('"' | '\'', None) => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            (c, None) if c.is_whitespace() => words.extend(word.take()),
            // On Windows it parts folders.
            ('\\', None | Some('"')) if cfg!(unix) => {
                word.get_or_insert_default().extend(letters.next());
            }
            (c, _) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_those_of_a_shell() {
        assert_eq!(
            split(r#"  /bin/x  a "b c" 'd "e' f"g"h "" "#),
            ["/bin/x", "a", "b c", "d \"e", "fgh", ""]
        );
        #[cfg(unix)]
        assert_eq!(split(r#"a\ b "c\"d" '\e'"#), ["a b", "c\"d", "\\e"]);
        assert!(split("   ").is_empty());
    }

    #[cfg(unix)]
    #[test]
    fn failures_are_told_without_what_was_printed() {
        let error = |script: &str| match run(&format!("/bin/sh -c '{script}'")) {
            Err(e) => e.to_string(),
            Ok(_) => panic!("no credentials"),
        };
        assert!(
            error("echo hush; echo ask the operator >&2; exit 3")
                .ends_with("exit status: 3 ask the operator")
        );
        for script in
            ["echo hush", "printf \"{\\\"Version\\\":2,\\\"SecretAccessKey\\\":\\\"hush\\\"}\""]
        {
            assert!(!error(script).contains("hush"), "{script}");
        }
        assert!(run("/no/such/program").is_err_and(|e| e.to_string().contains("/no/such/program")));
    }
}
