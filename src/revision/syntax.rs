//! The grammar of revisions, as text: what a person wrote, taken apart and not yet looked up.

/// What a revision begins with, and where it goes from there.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Expression<'t> {
    pub base: Base<'t>,
    pub steps: Vec<Step<'t>>,
}

/// Where a revision begins.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Base<'t> {
    /// HEAD, a ref or the digits of an id.
    Name(&'t str),
    /// `NAME@{…}`: where a ref was; no name is the current branch.
    Logged(&'t str, Moment<'t>),
    /// `@{-n}`: the n-th branch or commit that HEAD was on before.
    Previous(u32),
    /// `NAME@{upstream}`.
    Upstream(&'t str),
    /// `:/TEXT`: the newest commit whose message contains it.
    Message(&'t str),
}

/// When a ref was somewhere.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Moment<'t> {
    /// So many moves ago.
    Moves(u32),
    /// At a date.
    Date(&'t str),
}

/// A step from one commit to another.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step<'t> {
    /// `~n`: n times the first parent.
    Ancestor(usize),
    /// `^n`: the n-th parent.
    Parent(usize),
    /// `^{}` and `^{commit}`: the commit that a tag names, which every name stands for already.
    Peel,
    /// `^{/TEXT}`: the newest ancestor whose message contains it.
    Message(&'t str),
}

/// Takes a revision apart; `None` when it is none.
pub(super) fn parse(text: &str) -> Option<Expression<'_>> {
    if let Some(words) = text.strip_prefix(":/") {
        let base = Base::Message(words);
        return (!words.is_empty()).then_some(Expression { base, steps: Vec::new() });
    }
    let end = text.find(['~', '^']).unwrap_or(text.len());
    let (base, rest) = match text.find("@{").filter(|at| *at < end) {
        Some(at) => {
            let (inside, rest) = text[at + 2..].split_once('}')?;
            (logged(&text[..at], inside)?, rest)
        }
        None => (Base::Name(&text[..end]), &text[end..]),
    };
    let is_empty = matches!(base, Base::Name("")) && rest.is_empty();
    (!is_empty).then_some(Expression { base, steps: steps(rest)? })
}

fn logged<'t>(name: &'t str, inside: &'t str) -> Option<Base<'t>> {
    if let Some(number) = inside.strip_prefix('-')
        && name.is_empty()
    {
        return number.parse().ok().filter(|n| *n > 0).map(Base::Previous);
    }
    if ["u", "upstream", "push"].iter().any(|word| inside.eq_ignore_ascii_case(word)) {
        return Some(Base::Upstream(name));
    }
    if inside.bytes().all(|b| b.is_ascii_digit()) {
        return inside.parse().ok().map(|n| Base::Logged(name, Moment::Moves(n)));
    }
    Some(Base::Logged(name, Moment::Date(inside)))
}

fn steps(mut rest: &str) -> Option<Vec<Step<'_>>> {
    let mut steps = Vec::new();
    while !rest.is_empty() {
        let after = rest.strip_prefix(['~', '^'])?;
        let digits = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
        let number = || if digits == 0 { Some(1) } else { after[..digits].parse().ok() };
        let step = match rest.as_bytes()[0] {
            b'~' => Step::Ancestor(number()?),
            _ if after.starts_with('{') => {
                let (inside, behind) = after[1..].split_once('}')?;
                steps.push(braced(inside)?);
                rest = behind;
                continue;
            }
            _ => Step::Parent(number()?),
        };
        steps.push(step);
        rest = &after[digits..];
    }
    Some(steps)
}

fn braced(inside: &str) -> Option<Step<'_>> {
    match inside {
        "" | "commit" => Some(Step::Peel),
        _ => inside.strip_prefix('/').filter(|words| !words.is_empty()).map(Step::Message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn revisions_are_taken_apart() {
        let cases = [
            ("main", Base::Name("main"), vec![]),
            ("@~2^", Base::Name("@"), vec![Step::Ancestor(2), Step::Parent(1)]),
            ("~3", Base::Name(""), vec![Step::Ancestor(3)]),
            ("v1^{}", Base::Name("v1"), vec![Step::Peel]),
            ("v1^{commit}^2", Base::Name("v1"), vec![Step::Peel, Step::Parent(2)]),
            ("main@{2}~", Base::Logged("main", Moment::Moves(2)), vec![Step::Ancestor(1)]),
            ("@{1}", Base::Logged("", Moment::Moves(1)), vec![]),
            ("a@b@{1}", Base::Logged("a@b", Moment::Moves(1)), vec![]),
            ("@{2024-01-01 10:00}", Base::Logged("", Moment::Date("2024-01-01 10:00")), vec![]),
            ("@{-2}^", Base::Previous(2), vec![Step::Parent(1)]),
            ("x@{U}", Base::Upstream("x"), vec![]),
            (":/fix: ~^x", Base::Message("fix: ~^x"), vec![]),
            ("m^{/a ~ b}~", Base::Name("m"), vec![Step::Message("a ~ b"), Step::Ancestor(1)]),
        ];
        for (text, base, steps) in cases {
            assert_eq!(parse(text), Some(Expression { base, steps }), "{text}");
        }
    }

    #[test]
    fn what_is_no_revision_is_refused() {
        for text in ["", ":/", "a~x", "a^{", "a^{tree}", "a^{/}", "a@{1", "@{-0}", "a@{1}x", "aé~é"]
        {
            assert_eq!(parse(text), None, "{text}");
        }
        let huge = format!("a~{}", "9".repeat(40));
        assert_eq!(parse(&huge), None);
        assert_eq!(parse("a@{99999999999}"), None);
    }
}
