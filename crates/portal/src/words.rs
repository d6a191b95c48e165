//! Numbers and times as people read them, in their language.

use plan::{Day, FieldId, Language, Plan, Timestamp};

use crate::speech::{Saying, say};

/// A whole number with its thousands apart: `12,345`, „12.345“.
pub(crate) fn whole(language: Language, number: u64) -> String {
    let mark = match language {
        Language::English => ',',
        Language::German => '.',
    };
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(mark);
        }
        text.push(digit);
    }
    text
}

/// With one decimal: `1.5`, „1,5“.
fn tenth(language: Language, number: f64) -> String {
    let text = format!("{number:.1}");
    match language {
        Language::English => text,
        Language::German => text.replace('.', ","),
    }
}

/// A share of a whole in percent with two decimals, rounded down: all is said of all only.
pub(crate) fn hundredths(language: Language, part: u64, whole: u64) -> String {
    let share = u128::from(part) * 10_000 / u128::from(whole.max(1));
    let text = format!("{}.{:02}", share / 100, share % 100);
    match language {
        Language::English => text,
        Language::German => text.replace('.', ","),
    }
}

/// Seconds as hours with one decimal: `23.5 h`.
pub(crate) fn hours(language: Language, seconds: u32) -> String {
    format!("{} h", tenth(language, f64::from(seconds) / 3_600.0))
}

/// A number of bytes in the binary units that tariffs are written in: `1.2 GiB`.
pub(crate) fn bytes(language: Language, count: u64) -> String {
    const UNITS: [&str; 6] = ["", "KiB", "MiB", "GiB", "TiB", "PiB"];
    let mut amount = count as f64;
    let mut unit = 0;
    // 1023.95 would be printed as 1024.0.
    while amount >= 1023.95 && unit + 1 < UNITS.len() {
        amount /= 1024.0;
        unit += 1;
    }
    match unit {
        0 => say(language, "bytes").number("count", count).to_string(),
        _ if amount >= 100.0 => format!("{} {}", whole(language, amount.round() as u64), UNITS[unit]),
        _ => format!("{} {}", tenth(language, amount), UNITS[unit]),
    }
}

/// `22 November 2026`.
pub(crate) fn date(language: Language, day: Day) -> String {
    let (year, month, day_of_month) = day.civil();
    let date = say(language, "date").text("day", day_of_month).text("year", year);
    date.text("month", month_name(language, month)).to_string()
}

/// `22 Nov`.
pub(crate) fn short_date(language: Language, day: Day) -> String {
    let (_, month, day_of_month) = day.civil();
    let month = say(language, "month-short").number("month", month);
    let date = say(language, "date-short").text("day", day_of_month);
    date.text("month", month).to_string()
}

/// `22 Nov 2026`.
pub(crate) fn short_date_with_year(language: Language, day: Day) -> String {
    let (year, month, day_of_month) = day.civil();
    let month = say(language, "month-short").number("month", month);
    let date = say(language, "date-with-year")
        .text("day", day_of_month)
        .text("year", year);
    date.text("month", month).to_string()
}

/// `November`.
pub(crate) fn month_name(language: Language, month: u8) -> Saying {
    say(language, "month").number("month", month)
}

/// Days of the month that are left after `day`, and how many the month has.
pub(crate) fn days_left_in_month(day: Day) -> (i32, i32) {
    let (_, _, day_of_month) = day.civil();
    let first = day.plus(1 - i32::from(day_of_month));
    let mut length = 28;
    while first.plus(length).civil().1 == first.civil().1 {
        length += 1;
    }
    (length - i32::from(day_of_month), length)
}

/// When something ends by itself, and whether that is so soon that it has no date.
pub(crate) fn until(language: Language, expires: Timestamp, now: Timestamp) -> (String, bool) {
    if expires == Timestamp::NEVER {
        return (say(language, "until-account-closed").to_string(), false);
    }
    let days = expires.day().number() - now.day().number();
    match days {
        ..=0 => (say(language, "until-today").to_string(), true),
        1 => (say(language, "until-tomorrow").to_string(), true),
        days => {
            let text = say(language, "until-date").text("date", date(language, expires.day()));
            (text.number("days", days).to_string(), false)
        }
    }
}

/// A length of time in its largest whole unit: its name and how many of it there are.
fn units(seconds: i64) -> (i64, i64) {
    let sizes = [86_400, 3_600, 60, 1];
    let size = sizes.into_iter().find(|size| seconds >= *size && seconds % size == 0);
    let size = size.unwrap_or(1);
    (size, seconds / size)
}

/// `3 minutes`, `14 days`.
pub(crate) fn length(language: Language, seconds: i64) -> String {
    let (size, count) = units(seconds);
    let saying = match size {
        86_400 => say(language, "days"),
        3_600 => say(language, "hours"),
        60 => say(language, "minutes"),
        _ => say(language, "seconds"),
    };
    saying.number("count", count).to_string()
}

/// As [`length`], after “within” and „nach“.
pub(crate) fn length_within(language: Language, seconds: i64) -> String {
    match units(seconds) {
        (86_400, count) => say(language, "days-within").number("count", count).to_string(),
        _ => length(language, seconds),
    }
}

/// How long the policy keeps a field; nothing when it does not.
pub(crate) fn keep_of(language: Language, plan: &Plan, field: FieldId) -> String {
    plan.keep(field)
        .map(|kept| policy::keep_words(kept.keep, language))
        .unwrap_or_default()
}

/// `a`, `a and b`, `a, b and c`.
pub(crate) fn list(language: Language, items: &[&str]) -> String {
    match items {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => {
            let list = say(language, "list-last").text("first", first.join(", "));
            list.text("last", last).to_string()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EN: Language = Language::English;
    const DE: Language = Language::German;

    #[test]
    fn bytes_are_read_by_people() {
        for (number, english, german) in [
            (0, "0 bytes", "0 Bytes"),
            (1, "1 byte", "1 Byte"),
            (1_023, "1,023 bytes", "1.023 Bytes"),
            (1_024, "1.0 KiB", "1,0 KiB"),
            (123_456_789, "118 MiB", "118 MiB"),
            (1_073_741_823, "1.0 GiB", "1,0 GiB"),
            (5 << 30, "5.0 GiB", "5,0 GiB"),
            (u64::MAX, "16,384 PiB", "16.384 PiB"),
        ] {
            assert_eq!(bytes(EN, number), english);
            assert_eq!(bytes(DE, number), german);
        }
    }

    #[test]
    fn the_days_of_a_month_are_counted() {
        let day = Day::from_number(20_779);
        assert_eq!(date(EN, day), "22 November 2026");
        assert_eq!(date(DE, day), "22. November 2026");
        assert_eq!(short_date(EN, day), "22 Nov");
        assert_eq!(short_date(DE, day), "22. Nov.");
        assert_eq!(days_left_in_month(day), (8, 30));
        assert_eq!(days_left_in_month(Day::from_number(11_016)), (0, 29));
    }

    #[test]
    fn an_end_is_a_date_or_the_account() {
        let now = Day::from_number(20_779).start();
        let until = |language, seconds| until(language, now.plus_seconds(seconds), now).0;
        assert_eq!(super::until(EN, Timestamp::NEVER, now).0, "you close your account");
        assert_eq!(until(EN, 86_400 * 14), "6 December 2026, in 14 days");
        assert_eq!(until(DE, 86_400 * 14), "6. Dezember 2026, in 14 Tagen");
        assert_eq!(until(DE, 86_400), "morgen");
    }

    #[test]
    fn a_length_has_its_largest_whole_unit() {
        assert_eq!(length(EN, 180), "3 minutes");
        assert_eq!(length(EN, 90), "90 seconds");
        assert_eq!(length(EN, 86_400 * 14), "14 days");
        assert_eq!(length(EN, 0), "0 seconds");
        assert_eq!(length(DE, 86_400 * 14), "14 Tage");
        assert_eq!(length_within(DE, 86_400 * 14), "14 Tagen");
        assert_eq!(length_within(DE, 180), "3 Minuten");
    }

    #[test]
    fn a_share_is_not_rounded_up() {
        assert_eq!(hundredths(EN, 99_999, 100_000), "99.99");
        assert_eq!(hundredths(DE, 5, 5), "100,00");
        assert_eq!(hundredths(EN, 0, 0), "0.00");
        assert_eq!(hours(DE, 86_400), "24,0 h");
    }

    #[test]
    fn lists_end_with_an_and() {
        assert_eq!(list(EN, &["a", "b", "c"]), "a, b and c");
        assert_eq!(list(DE, &["a", "b"]), "a und b");
        assert_eq!(list(DE, &[]), "");
    }
}
