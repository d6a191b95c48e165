//! Numbers and times as people read them.

use plan::{Day, Timestamp};

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// A number of bytes in the binary units that tariffs are written in: `1.2 GiB`.
pub(crate) fn bytes(count: u64) -> String {
    const UNITS: [&str; 6] = ["bytes", "KiB", "MiB", "GiB", "TiB", "PiB"];
    let mut amount = count as f64;
    let mut unit = 0;
    // 1023.95 would be printed as 1024.0.
    while amount >= 1023.95 && unit + 1 < UNITS.len() {
        amount /= 1024.0;
        unit += 1;
    }
    match unit {
        0 => format!("{count} {}", if count == 1 { "byte" } else { UNITS[0] }),
        _ if amount >= 100.0 => format!("{amount:.0} {}", UNITS[unit]),
        _ => format!("{amount:.1} {}", UNITS[unit]),
    }
}

/// `1 device`, `2 devices`.
pub(crate) fn count(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// `22 November 2026`.
pub(crate) fn date(day: Day) -> String {
    let (year, month, day_of_month) = day.civil();
    format!("{day_of_month} {} {year}", month_name(month))
}

/// `22 Nov`.
pub(crate) fn short_date(day: Day) -> String {
    let (_, month, day_of_month) = day.civil();
    format!("{day_of_month} {}", month_name(month).get(..3).unwrap_or(""))
}

/// `November`.
pub(crate) fn month_name(month: u8) -> &'static str {
    MONTHS.get(usize::from(month).saturating_sub(1)).copied().unwrap_or("")
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

/// When something ends by itself.
pub(crate) fn until(expires: Timestamp, now: Timestamp) -> String {
    if expires == Timestamp::NEVER {
        return "you close your account".to_owned();
    }
    let days = expires.day().number() - now.day().number();
    match days {
        ..=0 => "today".to_owned(),
        1 => "tomorrow".to_owned(),
        days => format!("{}, in {days} days", date(expires.day())),
    }
}

/// `3 minutes`, `14 days`.
pub(crate) fn length(seconds: i64) -> String {
    let units = [(86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")];
    let (size, unit) = units
        .into_iter()
        .find(|(size, _)| seconds >= *size && seconds % size == 0)
        .unwrap_or((1, "second"));
    let number = seconds / size;
    format!("{number} {unit}{}", if number == 1 { "" } else { "s" })
}

/// `a`, `a and b`, `a, b and c`.
pub(crate) fn list(items: &[&str]) -> String {
    match items {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_read_by_people() {
        for (number, words) in [
            (0, "0 bytes"),
            (1, "1 byte"),
            (1_023, "1023 bytes"),
            (1_024, "1.0 KiB"),
            (123_456_789, "118 MiB"),
            (1_073_741_823, "1.0 GiB"),
            (5 << 30, "5.0 GiB"),
            (u64::MAX, "16384 PiB"),
        ] {
            assert_eq!(bytes(number), words);
        }
    }

    #[test]
    fn the_days_of_a_month_are_counted() {
        let day = Day::from_number(20_779);
        assert_eq!(date(day), "22 November 2026");
        assert_eq!(short_date(day), "22 Nov");
        assert_eq!(days_left_in_month(day), (8, 30));
        assert_eq!(days_left_in_month(Day::from_number(11_016)), (0, 29));
    }

    #[test]
    fn an_end_is_a_date_or_the_account() {
        let now = Day::from_number(20_779).start();
        assert_eq!(until(Timestamp::NEVER, now), "you close your account");
        assert_eq!(until(now.plus_seconds(86_400 * 14), now), "6 December 2026, in 14 days");
        assert_eq!(until(now.plus_seconds(86_400), now), "tomorrow");
    }

    #[test]
    fn a_length_has_its_largest_whole_unit() {
        assert_eq!(length(180), "3 minutes");
        assert_eq!(length(90), "90 seconds");
        assert_eq!(length(86_400 * 14), "14 days");
        assert_eq!(length(0), "0 seconds");
    }
}
