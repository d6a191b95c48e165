//! Lengths of time as a policy writes them: `"14d"`, `"12h"`, `"90m"`, `"60s"`.

/// The longest keep: ten years, the longest that a tax law we know of asks for (account books in Germany, § 147 AO).
/// A keep beyond it is taken for a keep without end.
pub(crate) const MAX_SECONDS: i64 = 3_653 * DAY;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Why a text is not a length.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum LengthError {
    /// It is not digits and a unit.
    Form,
    /// It is nothing at all.
    Zero,
    /// It is longer than [`MAX_SECONDS`].
    Endless,
}

impl LengthError {
    pub(crate) const fn why(self) -> &'static str {
        match self {
            Self::Form => "a length is digits followed by s, m, h or d",
            Self::Zero => "a length of nothing keeps nothing; what is not kept needs no statement",
            Self::Endless => "a length beyond ten years is taken for a keep without end",
        }
    }
}

/// Seconds in a length.
pub(crate) fn parse(text: &str) -> Result<i64, LengthError> {
    let unit = match text.as_bytes().last() {
        Some(b's') => 1,
        Some(b'm') => MINUTE,
        Some(b'h') => HOUR,
        Some(b'd') => DAY,
        Some(_) | None => return Err(LengthError::Form),
    };
    let digits = &text[..text.len() - 1];
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(LengthError::Form);
    }
    let count: i64 = digits.parse().map_err(|_| LengthError::Endless)?;
    match count.checked_mul(unit) {
        Some(0) => Err(LengthError::Zero),
        Some(seconds) if seconds <= MAX_SECONDS => Ok(seconds),
        Some(_) | None => Err(LengthError::Endless),
    }
}

/// Whole days in a length, for notices.
pub(crate) fn parse_days(text: &str) -> Result<u16, LengthError> {
    let seconds = parse(text)?;
    if seconds % DAY != 0 {
        return Err(LengthError::Form);
    }
    u16::try_from(seconds / DAY).map_err(|_| LengthError::Endless)
}

/// What somebody meant who wrote `14 days`, `2 weeks` or `1y`: the same as the language writes it.
pub(crate) fn meant(text: &str) -> Option<String> {
    let text = text.trim();
    let digits = text.len()
        - text
            .trim_start_matches(|character: char| character.is_ascii_digit())
            .len();
    let (count, unit) = text.split_at(digits);
    let count: i64 = count.parse().ok()?;
    let (times, unit) = match unit.trim().to_ascii_lowercase().as_str() {
        "s" | "sec" | "second" | "seconds" => (1, 's'),
        "min" | "minute" | "minutes" => (1, 'm'),
        "h" | "hour" | "hours" => (1, 'h'),
        "d" | "day" | "days" => (1, 'd'),
        "w" | "week" | "weeks" => (7, 'd'),
        "month" | "months" => (30, 'd'),
        "y" | "year" | "years" => (365, 'd'),
        _ => return None,
    };
    let written = format!("{}{unit}", count.checked_mul(times)?);
    parse(&written).is_ok().then_some(written)
}

/// A length in words: `14 days`, `12 hours`.
pub(crate) fn words(seconds: i64) -> String {
    let units = [(DAY, "day"), (HOUR, "hour"), (MINUTE, "minute"), (1, "second")];
    let exact = units.into_iter().find(|(unit, _)| seconds % unit == 0);
    let (unit, name) = exact.unwrap_or((1, "second"));
    match seconds / unit {
        1 => format!("1 {name}"),
        count => format!("{count} {name}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_read_and_said() {
        for (text, seconds, said) in [
            ("60s", 60, "1 minute"),
            ("90m", 5_400, "90 minutes"),
            ("12h", 43_200, "12 hours"),
            ("14d", 1_209_600, "14 days"),
        ] {
            assert_eq!(parse(text), Ok(seconds));
            assert_eq!(words(seconds), said);
        }
    }

    #[test]
    fn what_was_meant_is_a_length_of_the_language() {
        for (text, meant_by_it) in [
            ("14 days", "14d"),
            ("2 weeks", "14d"),
            ("3 months", "90d"),
            ("1y", "365d"),
            ("90 Minutes", "90m"),
        ] {
            assert_eq!(meant(text).as_deref(), Some(meant_by_it));
        }
        for text in [
            "",
            "forever",
            "0 days",
            "99 years",
            "days",
            "1.5 days",
            "-1 day",
            "9999999999999999999 days",
        ] {
            assert_eq!(meant(text), None, "{text}");
        }
    }

    #[test]
    fn the_longest_keep_is_the_limit() {
        assert_eq!(parse("3653d"), Ok(MAX_SECONDS));
        assert_eq!(parse("3654d"), Err(LengthError::Endless));
        assert_eq!(parse("99999999999999999999d"), Err(LengthError::Endless));
        assert_eq!(parse("0d"), Err(LengthError::Zero));
    }

    #[test]
    fn other_forms_are_refused() {
        for text in ["", "d", "14", "14 d", "+14d", "-1d", "1.5h", "14D", "forever", "é"] {
            assert_eq!(parse(text), Err(LengthError::Form), "{text}");
        }
        assert_eq!(parse_days("36h"), Err(LengthError::Form));
        assert_eq!(parse_days("48h"), Ok(2));
    }
}
