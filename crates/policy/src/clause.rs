//! Ids of clauses, as `says` ties them to statements: `S3.9-10,14`.

use std::collections::BTreeSet;
use std::fmt;

/// One clause of the commissioned policies: `S3.9` is clause 9 of series 3.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ClauseId {
    /// Which policy.
    pub series: u8,
    /// Which clause of it, from 1.
    pub number: u16,
}

impl fmt::Display for ClauseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "S{}.{}", self.series, self.number)
    }
}

/// How many clauses each series has, from series 0.
const CLAUSES_IN_SERIES: [u16; 5] = [112, 74, 74, 75, 45];

/// Splits `S3.14-15,35,57` into its pieces, each with its series: `S3.14-15`, `S3.35`, `S3.57`.
///
/// `Err` says what is wrong.
pub(crate) fn parse(text: &str) -> Result<Vec<String>, String> {
    let mut series = None;
    let mut pieces = Vec::new();
    for piece in text.split(',') {
        let piece = piece.trim();
        let numbers = match piece.strip_prefix('S') {
            Some(rest) => {
                let (digits, numbers) = rest.split_once('.').ok_or("a series is followed by a dot")?;
                series = Some(parse_series(digits)?);
                numbers
            }
            None => piece,
        };
        let series = series.ok_or("the first piece names its series")?;
        let (first, last) = parse_range(numbers)?;
        let known = CLAUSES_IN_SERIES[usize::from(series)];
        if last > known {
            return Err(format!("series S{series} ends with clause {known}"));
        }
        pieces.push(match first == last {
            true => format!("S{series}.{first}"),
            false => format!("S{series}.{first}-{last}"),
        });
    }
    Ok(pieces)
}

fn parse_series(digits: &str) -> Result<u8, String> {
    let series = digits.parse::<u8>().ok();
    series
        .filter(|series| usize::from(*series) < CLAUSES_IN_SERIES.len() && digits.len() == 1)
        .ok_or_else(|| "the series are S0 to S4".to_owned())
}

fn parse_range(numbers: &str) -> Result<(u16, u16), String> {
    let number = |text: &str| match text.parse::<u16>() {
        Ok(number) if number > 0 && text.bytes().all(|byte| byte.is_ascii_digit()) => Ok(number),
        Ok(_) | Err(_) => Err(format!("`{text}` is not the number of a clause")),
    };
    let (first, last) = match numbers.split_once('-') {
        Some((first, last)) => (number(first)?, number(last)?),
        None => (number(numbers)?, number(numbers)?),
    };
    match first <= last {
        true => Ok((first, last)),
        false => Err(format!("the range {first}-{last} runs backwards")),
    }
}

/// The single clauses that the pieces of a `says` name.
pub fn expand(says: &[String]) -> BTreeSet<ClauseId> {
    let mut clauses = BTreeSet::new();
    for piece in says {
        let Some((series, numbers)) = piece.strip_prefix('S').and_then(|rest| rest.split_once('.')) else {
            continue;
        };
        if let (Ok(series), Ok((first, last))) = (parse_series(series), parse_range(numbers)) {
            clauses.extend((first..=last).map(|number| ClauseId { series, number }));
        }
    }
    clauses
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_and_lists_are_expanded() {
        let says = parse("S3.14-15,35, S4.1").unwrap();
        assert_eq!(says, ["S3.14-15", "S3.35", "S4.1"]);
        let clauses: Vec<String> = expand(&says).iter().map(ToString::to_string).collect();
        assert_eq!(clauses, ["S3.14", "S3.15", "S3.35", "S4.1"]);
    }

    #[test]
    fn other_forms_are_refused() {
        for text in [
            "", "S3", "S3.", "3.4", "S3.0", "S3.76", "S9.1", "S3.9-8", "S3.+1", "S03.1", "S3.1-", "S3.1,,2", "privacy",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
