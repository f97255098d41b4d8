//! `A..B` and `A...B` as text; what they stand for is decided by whoever walks.

/// Two revisions and how they are joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range<'t> {
    /// The revision before the dots; `HEAD` where nothing is written.
    pub left: &'t str,
    /// The revision behind the dots; `HEAD` where nothing is written.
    pub right: &'t str,
    /// Three dots: the sides are compared from their merge base on, or both without what they share.
    pub is_symmetric: bool,
}

impl<'t> Range<'t> {
    /// Reads a range; `None` for text that is no range, such as a single revision or a path.
    pub fn parse(text: &'t str) -> Option<Self> {
        let at = dots(text)?;
        let (left, rest) = (&text[..at], &text[at + 2..]);
        let (right, is_symmetric) = match rest.strip_prefix('.') {
            Some(right) => (right, true),
            None => (rest, false),
        };
        // `..`, `../x` and `a/../b` are paths.
        let is_path = left.ends_with('/') || right.starts_with(['/', '.']);
        if is_path || left.is_empty() && right.is_empty() || dots(right).is_some() {
            return None;
        }
        let or_head = |side: &'t str| if side.is_empty() { "HEAD" } else { side };
        Some(Self { left: or_head(left), right: or_head(right), is_symmetric })
    }
}

/// Where two dots stand outside braces; a text behind `:/` may hold any.
fn dots(text: &str) -> Option<usize> {
    let mut depth = 0_u32;
    let bytes = text.as_bytes();
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b':' if at == 0 && bytes.get(1) == Some(&b'/') => return None,
            b'{' => depth += 1,
            b'}' => depth = depth.saturating_sub(1),
            b'.' if depth == 0 && bytes.get(at + 1) == Some(&b'.') => return Some(at),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_have_two_sides() {
        let range = |text| Range::parse(text).map(|r| (r.left, r.right, r.is_symmetric));
        assert_eq!(range("a..b"), Some(("a", "b", false)));
        assert_eq!(range("a...b"), Some(("a", "b", true)));
        assert_eq!(range("..b"), Some(("HEAD", "b", false)));
        assert_eq!(range("v1.0..."), Some(("v1.0", "HEAD", true)));
        assert_eq!(
            range("a@{1..2}..b^{/x..y}"),
            Some(("a@{1..2}", "b^{/x..y}", false)),
            "braces may hold dots"
        );
    }

    #[test]
    fn paths_and_single_revisions_are_no_ranges() {
        let none = [
            "main", "v1.0", "..", "...", "../x", "a/../b", ".../x", "data/..", ":/a..b", "a..b..c",
            "a....b", "",
        ];
        for text in none {
            assert_eq!(Range::parse(text), None, "{text}");
        }
    }
}
