//! English.

mod difference;
mod frame;
mod page;
mod tension;

use plan::{Keep, Language, Surface, Until, Upkeep};

use super::{Unit, Vocabulary, measured};

pub(crate) struct English;

impl Vocabulary for English {
    fn language(&self) -> Language {
        Language::English
    }
    fn surface(&self, surface: Surface) -> &'static str {
        surface.words()
    }
    fn on(&self, surface: Surface) -> &'static str {
        match surface {
            Surface::Tunnel => "in the VPN tunnel",
            Surface::Dns => "at the name service",
            Surface::Exit => "at shared exits",
            Surface::Talk => "in messages and calls",
            Surface::Account => "in your account",
            Surface::Site => "on this web site",
            Surface::App => "in the app",
            Surface::Support => "in support requests",
        }
    }
    fn and(&self) -> &'static str {
        "and"
    }
    fn length(&self, seconds: i64) -> String {
        let (count, unit) = measured(seconds);
        let name = match unit {
            Unit::Day => "day",
            Unit::Hour => "hour",
            Unit::Minute => "minute",
            Unit::Second => "second",
        };
        match count {
            1 => format!("1 {name}"),
            count => format!("{count} {name}s"),
        }
    }
    fn keep(&self, keep: Keep) -> String {
        let mut text = match (keep.until, keep.seconds) {
            (None, seconds) => format!("for {}", self.length(seconds.unwrap_or(0))),
            (Some(until), None) => until_words(until).to_owned(),
            (Some(until), Some(seconds)) => {
                format!("{}, and for {} at most", until_words(until), self.length(seconds))
            }
        };
        match keep.plus {
            None => {}
            Some(Upkeep::Seconds(seconds)) => text.push_str(&format!(", and {} after that", self.length(seconds))),
            Some(Upkeep::TaxLaw) => text.push_str(", and the facts of an invoice as long as tax law demands"),
        }
        if keep.until == Some(Until::AccountExpired) {
            text.push_str(", when the whole account is erased");
        }
        text
    }
}

const fn until_words(until: Until) -> &'static str {
    match until {
        Until::AccountClosed => "until you close your account",
        Until::TicketResolved => "until your request is resolved",
        Until::Deleted => "until you delete it",
        Until::AccountExpired => "until your membership has ended",
    }
}

/// With a capital letter at its beginning.
pub(crate) fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    match characters.next() {
        Some(first) => first.to_uppercase().chain(characters).collect(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_read_as_english() {
        assert_eq!(capitalised("é-mail"), "É-mail");
        let ticket = Keep {
            seconds: Some(14 * 86_400),
            until: Some(Until::TicketResolved),
            plus: None,
        };
        assert_eq!(
            English.keep(ticket),
            "until your request is resolved, and for 14 days at most"
        );
        let invoice = Keep {
            seconds: None,
            until: Some(Until::AccountClosed),
            plus: Some(Upkeep::TaxLaw),
        };
        assert_eq!(
            English.keep(invoice),
            "until you close your account, and the facts of an invoice as long as tax law demands"
        );
    }

    #[test]
    fn lengths_are_said_in_the_largest_whole_unit() {
        for (seconds, said) in [
            (60, "1 minute"),
            (5_400, "90 minutes"),
            (43_200, "12 hours"),
            (86_400, "1 day"),
        ] {
            assert_eq!(English.length(seconds), said);
        }
        assert_eq!(English.length(1_209_600), "14 days");
        assert_eq!(English.length(61), "61 seconds");
    }
}
