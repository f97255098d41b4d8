//! Dates as people write them.

use jiff::civil::DateTime;
use jiff::{Timestamp, Zoned};

use super::OpError;

/// Seconds since 1970 and offset in minutes of a date: RFC 3339, `@seconds`, or a local date and
/// time, with or without an offset. Without one it lies in the zone `local_minutes` east of UTC.
pub(super) fn parse(text: &str, local_minutes: i64) -> Result<(i64, i64), OpError> {
    let bad = || OpError::BadDate { text: text.to_owned() };
    let text = text.trim();
    if let Some(seconds) = text.strip_prefix('@') {
        return seconds.parse().map(|s| (s, local_minutes)).map_err(|_| bad());
    }
    if let Ok(zoned) = text.parse::<Zoned>() {
        return Ok((zoned.timestamp().as_second(), i64::from(zoned.offset().seconds()) / 60));
    }
    if let Ok(timestamp) = text.parse::<Timestamp>() {
        return Ok((timestamp.as_second(), offset_of(text).unwrap_or(0)));
    }
    let (civil, offset) = match offset_of(text) {
        Some(offset) => (text.rsplit_once(['+', '-']).map_or(text, |(t, _)| t).trim(), offset),
        None => (text, local_minutes),
    };
    let civil: DateTime = civil.parse().map_err(|_| bad())?;
    let utc = civil.to_zoned(jiff::tz::TimeZone::UTC).map_err(|_| bad())?;
    Ok((utc.timestamp().as_second() - offset * 60, offset))
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
        let parsed = |text: &str| parse(text, 120).ok();
        assert_eq!(parsed("1970-01-01T00:00:10Z"), Some((10, 0)));
        assert_eq!(parsed("1970-01-01T02:00:00+02:00"), Some((0, 120)));
        assert_eq!(parsed("@42"), Some((42, 120)));
        assert_eq!(parsed("1970-01-01 02:00"), Some((0, 120)));
        assert_eq!(parsed("1970-01-01 02:00:30"), Some((30, 120)));
        assert_eq!(parsed("1970-01-01 01:00 +0100"), Some((0, 60)));
        assert_eq!(parsed("1969-12-31 23:00 -0100"), Some((0, -60)));
        assert_eq!(parsed("tomorrow"), None);
        assert_eq!(parsed(""), None);
    }
}
