//! What was probably meant by a name that is none.

/// The name that is fewest letters away from `text`, if that is few.
pub fn similar<'n>(text: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    // Of a name of two letters both would be others.
    let most = text.chars().count().saturating_sub(1).min(2);
    // Of names as near, one of the same letters is meant: they are swapped more often than forgotten.
    let near = names.into_iter().map(|name| (distance(name, text), !has_letters(name, text), name));
    near.filter(|(distance, ..)| *distance <= most).min().map(|(.., name)| name)
}

fn has_letters(a: &str, b: &str) -> bool {
    let sorted = |text: &str| {
        let mut letters: Vec<char> = text.chars().collect();
        letters.sort_unstable();
        letters
    };
    sorted(a) == sorted(b)
}

/// The number of letters to insert, delete, replace, or swap with their neighbour.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for i in 0..a.len() {
        let mut next = vec![i + 1];
        for j in 0..b.len() {
            let replaced = row[j] + usize::from(a[i] != b[j]);
            let mut least = replaced.min(row[j + 1] + 1).min(next[j] + 1);
            if i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j] {
                least = least.min(before[j - 1] + 1);
            }
            next.push(least);
        }
        before = std::mem::replace(&mut row, next);
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_apart() {
        let pairs = [("main", "mian", 1), ("main", "main", 0), ("", "abc", 3), ("main", "man", 1)];
        for (a, b, expected) in pairs {
            assert_eq!(distance(a, b), expected, "{a} {b}");
        }
        assert_eq!(distance("kitten", "sitting"), 3);
    }

    #[test]
    fn only_near_names_are_meant() {
        let names = ["main", "v1", "recovery"];
        assert_eq!(similar("mian", names), Some("main"));
        assert_eq!(similar("recovry", names), Some("recovery"));
        assert_eq!(similar("stauts", ["stats", "status", "stash"]), Some("status"));
        assert_eq!(
            (similar("v9", names), similar("x", names), similar("abcd", names)),
            (Some("v1"), None, None)
        );
    }
}
