//! The words of the catalogues in German.

use plan::{Keep, Language, Surface, Until, Upkeep};

use super::German;
use crate::tongue::{Unit, Vocabulary, measured};

impl Vocabulary for German {
    fn language(&self) -> Language {
        Language::German
    }
    fn surface(&self, surface: Surface) -> &'static str {
        match surface {
            Surface::Tunnel => "den VPN-Tunnel",
            Surface::Dns => "den Namensdienst",
            Surface::Exit => "gemeinsame Ausgänge",
            Surface::Talk => "Nachrichten und Anrufe",
            Surface::Account => "Ihr Konto",
            Surface::Site => "diese Website",
            Surface::App => "die App",
            Surface::Support => "den Support",
        }
    }
    fn on(&self, surface: Surface) -> &'static str {
        match surface {
            Surface::Tunnel => "im VPN-Tunnel",
            Surface::Dns => "beim Namensdienst",
            Surface::Exit => "bei gemeinsamen Ausgängen",
            Surface::Talk => "bei Nachrichten und Anrufen",
            Surface::Account => "in Ihrem Konto",
            Surface::Site => "auf dieser Website",
            Surface::App => "in der App",
            Surface::Support => "beim Support",
        }
    }
    fn and(&self) -> &'static str {
        "und"
    }
    fn length(&self, seconds: i64) -> String {
        let (count, unit) = measured(seconds);
        let name = match (unit, count) {
            (Unit::Day, 1) => "Tag",
            (Unit::Day, _) => "Tage",
            (Unit::Hour, 1) => "Stunde",
            (Unit::Hour, _) => "Stunden",
            (Unit::Minute, 1) => "Minute",
            (Unit::Minute, _) => "Minuten",
            (Unit::Second, 1) => "Sekunde",
            (Unit::Second, _) => "Sekunden",
        };
        format!("{count} {name}")
    }
    fn keep(&self, keep: Keep) -> String {
        let mut text = match (keep.until, keep.seconds) {
            (None, seconds) => format!("{} lang", self.length(seconds.unwrap_or(0))),
            (Some(until), None) => until_words(until).to_owned(),
            (Some(until), Some(seconds)) => {
                format!("{}, höchstens aber {}", until_words(until), self.length(seconds))
            }
        };
        match keep.plus {
            None => {}
            Some(Upkeep::Seconds(seconds)) => text.push_str(&format!(", und danach noch {}", self.length(seconds))),
            Some(Upkeep::TaxLaw) => {
                text.push_str(", und Rechnungsangaben so lange, wie das Steuerrecht es verlangt");
            }
        }
        if keep.until == Some(Until::AccountExpired) {
            text.push_str("; dann wird das ganze Konto gelöscht");
        }
        text
    }
}

/// A length behind `innerhalb von`: the dative.
pub(super) fn length_dative(seconds: i64) -> String {
    let (count, unit) = measured(seconds);
    match unit {
        Unit::Day if count != 1 => format!("{count} Tagen"),
        Unit::Day | Unit::Hour | Unit::Minute | Unit::Second => German.length(seconds),
    }
}

/// Days of notice.
pub(super) fn days(count: u16) -> String {
    German.length(i64::from(count) * 86_400)
}

const fn until_words(until: Until) -> &'static str {
    match until {
        Until::AccountClosed => "bis Sie Ihr Konto schließen",
        Until::TicketResolved => "bis Ihre Anfrage erledigt ist",
        Until::Deleted => "bis Sie es löschen",
        Until::AccountExpired => "bis Ihre Mitgliedschaft geendet hat",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_read_as_german() {
        let ticket = Keep {
            seconds: Some(14 * 86_400),
            until: Some(Until::TicketResolved),
            plus: None,
        };
        assert_eq!(
            German.keep(ticket),
            "bis Ihre Anfrage erledigt ist, höchstens aber 14 Tage"
        );
        assert_eq!(length_dative(30 * 86_400), "30 Tagen");
        assert_eq!(length_dative(86_400), "1 Tag");
        assert_eq!(length_dative(180), "3 Minuten");
    }
}
