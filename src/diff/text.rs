//! Lines that differ between two versions of a small text.
//!
//! A text is what has no NUL byte in its first 8,000 bytes, as in git. The algorithm is the histogram
//! diff of git and JGit, with git's choice of where a hunk begins and ends.

use std::ops::Range;

use imara_diff::{Algorithm, Diff, InternedInput, sources::byte_lines};

/// Bytes that are looked at for a NUL.
const LOOKED_AT: usize = 8000;

/// Whether bytes are no text.
pub fn is_binary(bytes: &[u8]) -> bool {
    bytes[..bytes.len().min(LOOKED_AT)].contains(&0)
}

/// What became of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineKind {
    /// Both have it.
    Context,
    /// Only the old one has it.
    Removed,
    /// Only the new one has it.
    Added,
}

impl LineKind {
    /// How a unified diff marks such a line.
    pub fn sign(self) -> char {
        match self {
            Self::Context => ' ',
            Self::Removed => '-',
            Self::Added => '+',
        }
    }
}

/// One line with its end, which the last line of a text may lack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// What became of it.
    pub kind: LineKind,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// Changed lines near each other, with unchanged ones around them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hunk {
    /// Lines of the old text, counted from 0.
    pub old: Range<u32>,
    /// Lines of the new text, counted from 0.
    pub new: Range<u32>,
    /// The lines: of each changed place the removed ones first.
    pub lines: Vec<Line>,
}

/// The hunks that lead from `old` to `new`, each with up to `context` unchanged lines around it.
pub fn hunks(old: &[u8], new: &[u8], context: u32) -> Vec<Hunk> {
    let input = InternedInput::new(byte_lines(old), byte_lines(new));
    let mut diff = Diff::compute(Algorithm::Histogram, &input);
    diff.postprocess_lines(&input);
    let mut hunks: Vec<Hunk> = Vec::new();
    let mut builder = Builder { input: &input, context };
    for change in diff.hunks() {
        let is_near = |last: &Hunk| change.before.start <= last.old.end.saturating_add(2 * context);
        match hunks.last_mut().filter(|last| is_near(last)) {
            Some(last) => builder.add(last, &change),
            None => {
                let lead = context.min(change.before.start);
                let old = change.before.start - lead;
                let new = change.after.start - lead;
                let mut hunk = Hunk { old: old..old, new: new..new, lines: Vec::new() };
                if let Some(last) = hunks.last_mut() {
                    builder.close(last);
                }
                builder.add(&mut hunk, &change);
                hunks.push(hunk);
            }
        }
    }
    if let Some(last) = hunks.last_mut() {
        builder.close(last);
    }
    hunks
}

struct Builder<'i, 't> {
    input: &'i InternedInput<&'t [u8]>,
    context: u32,
}

impl Builder<'_, '_> {
    /// Adds a changed place, and the unchanged lines that lead to it.
    fn add(&mut self, hunk: &mut Hunk, change: &imara_diff::Hunk) {
        self.push(hunk, LineKind::Context, hunk.old.end..change.before.start);
        self.push(hunk, LineKind::Removed, change.before.clone());
        self.push(hunk, LineKind::Added, change.after.clone());
        hunk.old.end = change.before.end;
        hunk.new.end = change.after.end;
    }

    /// Adds the unchanged lines behind the last changed place.
    fn close(&mut self, hunk: &mut Hunk) {
        let left = self.input.before.len() as u32 - hunk.old.end;
        let trail = self.context.min(left);
        self.push(hunk, LineKind::Context, hunk.old.end..hunk.old.end + trail);
        hunk.old.end += trail;
        hunk.new.end += trail;
    }

    fn push(&self, hunk: &mut Hunk, kind: LineKind, lines: Range<u32>) {
        let side = match kind {
            LineKind::Added => &self.input.after,
            LineKind::Context | LineKind::Removed => &self.input.before,
        };
        for token in &side[lines.start as usize..lines.end as usize] {
            let bytes = self.input.interner[*token].to_vec();
            hunk.lines.push(Line { kind, bytes });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(old: &str, new: &str, context: u32) -> Vec<String> {
        let mut out = Vec::new();
        for hunk in hunks(old.as_bytes(), new.as_bytes(), context) {
            out.push(format!("{:?} {:?}", hunk.old, hunk.new));
            for line in hunk.lines {
                let text = String::from_utf8(line.bytes).expect("text");
                out.push(format!("{}{}", line.kind.sign(), text.trim_end()));
            }
        }
        out
    }

    #[test]
    fn near_changes_share_a_hunk_and_far_ones_do_not() {
        let old = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";
        let new = "1\n2\nx\n4\ny\n6\n7\n8\n";
        let near = ["1..6 1..6", " 2", "-3", "+x", " 4", "-5", "+y", " 6"];
        let far = ["7..9 7..8", " 8", "-9"];
        assert_eq!(shown(old, new, 1), [&near[..], &far[..]].concat());
        assert_eq!(shown(old, new, 3).len(), 1 + 11);
        assert_eq!(shown("", "a", 3), ["0..0 0..1", "+a"]);
        assert_eq!(shown("a", "", 3), ["0..1 0..0", "-a"]);
        assert!(shown(old, old, 3).is_empty());
    }

    #[test]
    fn text_has_no_nul_near_its_start() {
        assert!(!is_binary(b"a\xff\n"));
        assert!(is_binary(b"a\0"));
        assert!(!is_binary(&[&[b'a'; 8000][..], &[0]].concat()));
    }

    proptest! {
        /// Whatever the context, the hunks rebuild the new text from the old one.
        #[test]
        fn hunks_lead_from_old_to_new(
            old in "([ab]{0,2}\n){0,12}[ab]?",
            new in "([ab]{0,2}\n){0,12}[ab]?",
            context in 0u32..4,
        ) {
            let old_lines: Vec<&[u8]> = old.as_bytes().split_inclusive(|b| *b == b'\n').collect();
            let mut rebuilt = Vec::new();
            let mut at = 0;
            for hunk in hunks(old.as_bytes(), new.as_bytes(), context) {
                rebuilt.extend(old_lines[at..hunk.old.start as usize].concat());
                let removed: Vec<_> =
                    hunk.lines.iter().filter(|l| l.kind != LineKind::Added).collect();
                let range = hunk.old.start as usize..hunk.old.end as usize;
                prop_assert_eq!(removed.len(), range.len());
                for (line, expected) in removed.iter().zip(&old_lines[range]) {
                    prop_assert_eq!(&line.bytes[..], *expected);
                }
                let kept: Vec<_> =
                    hunk.lines.iter().filter(|l| l.kind != LineKind::Removed).collect();
                prop_assert_eq!(kept.len(), hunk.new.len());
                rebuilt.extend(kept.iter().flat_map(|l| l.bytes.clone()));
                at = hunk.old.end as usize;
            }
            rebuilt.extend(old_lines[at..].concat());
            prop_assert_eq!(rebuilt, new.into_bytes());
        }
    }
}
