//! Dates as people write them.

use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};
use jiff::{Span, Timestamp, Zoned};

/// A moment, and the offset from UTC of the place it is told in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// Seconds since 1970-01-01 00:00 UTC.
    pub seconds: i64,
    /// Minutes east of UTC.
    pub offset_minutes: i64,
}

/// A text that is no date.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot read the date '{text}'")]
pub struct DateError {
    /// The text as given.
    pub text: String,
}

/// A date that says exactly when: RFC 3339, `@seconds`, or a local date and time, with or without an
/// offset. Without one it lies in the zone `local_minutes` east of UTC.
pub fn parse_exact(text: &str, local_minutes: i64) -> Result<Now, DateError> {
    let bad = || DateError { text: text.to_owned() };
    let text = text.trim();
    if let Some(seconds) = text.strip_prefix('@') {
        let seconds = seconds.parse().map_err(|_| bad())?;
        return Ok(Now { seconds, offset_minutes: local_minutes });
    }
    if let Ok(zoned) = text.parse::<Zoned>() {
        let offset_minutes = i64::from(zoned.offset().seconds()) / 60;
        return Ok(Now { seconds: zoned.timestamp().as_second(), offset_minutes });
    }
    if let Ok(timestamp) = text.parse::<Timestamp>() {
        let offset_minutes = offset_of(text).unwrap_or(0);
        return Ok(Now { seconds: timestamp.as_second(), offset_minutes });
    }
    let (civil, offset_minutes) = match offset_of(text) {
        Some(offset) => (text.rsplit_once(['+', '-']).map_or(text, |(t, _)| t).trim(), offset),
        None => (text, local_minutes),
    };
    let civil: DateTime = civil.parse().map_err(|_| bad())?;
    let utc = civil.to_zoned(TimeZone::UTC).map_err(|_| bad())?;
    Ok(Now { seconds: utc.timestamp().as_second() - offset_minutes * 60, offset_minutes })
}

/// A date of either kind: exact, or told from `now`, such as `yesterday`, `2 days ago`, `2.days.ago`.
pub fn parse(text: &str, now: Now) -> Result<Now, DateError> {
    parse_exact(text, now.offset_minutes).or_else(|e| told_from(text.trim(), now).ok_or(e))
}

fn told_from(text: &str, now: Now) -> Option<Now> {
    let words = text.replace(['.', '_'], " ");
    let span: Span = match words.as_str() {
        "now" => return Some(now),
        "yesterday" => Span::new().days(-1),
        "last week" => Span::new().weeks(-1),
        "last month" => Span::new().months(-1),
        "last year" => Span::new().years(-1),
        words if words.ends_with(" ago") => words.parse().ok()?,
        _ => return None,
    };
    let offset = Offset::from_seconds(i32::try_from(now.offset_minutes * 60).ok()?).ok()?;
    let here = Timestamp::from_second(now.seconds).ok()?.to_zoned(TimeZone::fixed(offset));
    let then = here.checked_add(span).ok()?;
    Some(Now { seconds: then.timestamp().as_second(), ..now })
}

/// The offset at the end of a date, `+hhmm` or `+hh:mm`, in minutes.
fn offset_of(text: &str) -> Option<i64> {
    let at = text.rfind(['+', '-'])?;
    let digits: String = text[at + 1..].chars().filter(|c| *c != ':').collect();
    // A date's own hyphens are followed by two digits or stand before a time.
    if digits.len() != 4 || !digits.bytes().all(|b| b.is_ascii_digit()) || !text[..at].contains(':')
    {
        return None;
    }
    let (hours, minutes) = (digits[..2].parse::<i64>().ok()?, digits[2..].parse::<i64>().ok()?);
    let minutes = hours * 60 + minutes;
    Some(if text.as_bytes()[at] == b'-' { -minutes } else { minutes })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_in_all_forms() {
        let parsed =
            |text: &str| parse_exact(text, 120).ok().map(|now| (now.seconds, now.offset_minutes));
        assert_eq!(parsed("1970-01-01T00:00:10Z"), Some((10, 0)));
        assert_eq!(parsed("1970-01-01T02:00:00+02:00"), Some((0, 120)));
        assert_eq!(parsed("@42"), Some((42, 120)));
        assert_eq!(parsed("1970-01-01 02:00"), Some((0, 120)));
        assert_eq!(parsed("1970-01-01 02:00:30"), Some((30, 120)));
        assert_eq!(parsed("1970-01-01 01:00 +0100"), Some((0, 60)));
        assert_eq!(parsed("1969-12-31 23:00 -0100"), Some((0, -60)));
        assert_eq!(parsed("1970-01-02"), Some((86_400 - 7200, 120)));
        assert_eq!(parsed("tomorrow"), None);
        assert_eq!(parsed("yesterday"), None);
        assert_eq!(parsed(""), None);
    }

    #[test]
    fn dates_told_from_now() {
        // 2024-03-31 12:00 at UTC+2.
        let now = Now { seconds: 1_711_879_200, offset_minutes: 120 };
        let before = |text: &str| parse(text, now).ok().map(|then| now.seconds - then.seconds);
        assert_eq!(before("now"), Some(0));
        assert_eq!(before("yesterday"), Some(86_400));
        assert_eq!(before("2 hours ago"), Some(7_200));
        assert_eq!(before("2.hours.ago"), Some(7_200));
        assert_eq!(before("1 week 1 day ago"), Some(8 * 86_400));
        // February 2024 has 29 days: the last of them.
        assert_eq!(before("1 month ago"), Some(31 * 86_400));
        assert_eq!(before("2024-03-31 12:00"), Some(0));
        for text in ["2 hours", "ago", "soon", "main"] {
            assert_eq!(before(text), None, "{text}");
        }
    }
}
