//! Ages as people type and read them.

use super::render::units::counted;

/// An age in seconds: a number with `s`, `m`, `h`, `d` or `w`, or 0.
pub fn parse(text: &str) -> Result<i64, &'static str> {
    const MESSAGE: &str = "expected an age, such as 0, 30m, 12h or 14d";
    if text == "0" {
        return Ok(0);
    }
    let units = [("s", 1), ("m", 60), ("h", 3600), ("d", 86_400), ("w", 7 * 86_400)];
    let split = |(unit, seconds)| Some((text.strip_suffix(unit)?, seconds));
    let (number, seconds) = units.into_iter().find_map(split).ok_or(MESSAGE)?;
    let number: u32 = number.parse().map_err(|_| MESSAGE)?;
    Ok(i64::from(number) * seconds)
}

/// A number of seconds in the largest unit that divides it.
pub fn shown(seconds: i64) -> String {
    let units = [(86_400, "day"), (3600, "hour"), (60, "minute"), (1, "second")];
    let fits = |(length, _): &&(i64, &str)| seconds % length == 0;
    let (length, unit) = units.iter().find(fits).copied().unwrap_or((1, "second"));
    counted((seconds / length).max(0) as u64, unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_numbers_with_a_unit() {
        assert_eq!(parse("0"), Ok(0));
        assert_eq!(parse("90s"), Ok(90));
        assert_eq!(parse("2w"), Ok(1_209_600));
        for text in ["", "5", "d", "-1d", "1y", "1.5h", "99999999999d", "1é"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn ages_are_shown_in_the_unit_that_fits() {
        assert_eq!(shown(86_400), "1 day");
        assert_eq!(shown(7200), "2 hours");
        assert_eq!(shown(61), "61 seconds");
    }
}
