//! JSON: one document a line, each with the version of its shape.

use std::io::{self, Write};

use serde::Serialize;

/// Changes when a field is renamed, removed or changes its meaning; new fields leave it as it is.
const SCHEMA: u32 = 1;

#[derive(Serialize)]
struct Document<'a, T> {
    schema: u32,
    #[serde(flatten)]
    body: &'a T,
}

/// Writes a struct as one line of JSON.
pub fn document<T: Serialize>(out: &mut dyn Write, body: &T) -> io::Result<()> {
    serde_json::to_writer(&mut *out, &Document { schema: SCHEMA, body })?;
    out.write_all(b"\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use esker::ops::stats::StatsOutcome;
    use esker::ops::status::StatusOutcome;
    use esker::ops::{Change, ChangeKind};

    fn text<T: Serialize>(body: &T) -> String {
        let mut out = Vec::new();
        document(&mut out, body).expect("a Vec takes all");
        String::from_utf8(out).expect("UTF-8")
    }

    #[test]
    fn status_has_the_documented_fields() {
        let change = |change| vec![Change { path: "a".into(), change }];
        let outcome = StatusOutcome {
            branch: Some("main".into()),
            staged: change(ChangeKind::Added),
            unstaged: change(ChangeKind::ModeChanged),
            untracked: change(ChangeKind::Untracked),
            ..StatusOutcome::default()
        };
        let expected = concat!(
            r#"{"schema":1,"branch":"main","commit":null,"clean":false,"#,
            r#""operation":null,"conflicts":[],"#,
            r#""staged":[{"path":"a","change":"added"}],"#,
            r#""unstaged":[{"path":"a","change":"mode"}],"#,
            r#""untracked":[{"path":"a","change":"untracked"}],"skipped":[]}"#,
            "\n"
        );
        assert_eq!(text(&outcome), expected);
    }

    #[test]
    fn great_numbers_stay_exact() {
        let outcome = StatsOutcome { stored_bytes: u64::MAX, ..StatsOutcome::default() };
        assert!(text(&outcome).contains("\"stored_bytes\":18446744073709551615"));
    }
}
