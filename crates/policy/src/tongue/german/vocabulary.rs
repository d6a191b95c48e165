//! The words of the catalogues in German.

use plan::{FieldClass, FieldId, Keep, PurposeId, Surface, Until, Upkeep};

use super::German;
use crate::tongue::{Unit, Vocabulary, measured};

impl Vocabulary for German {
    fn field(&self, field: FieldId) -> &'static str {
        field_words(field)
    }
    fn class(&self, class: FieldClass) -> &'static str {
        match class {
            FieldClass::Traffic => "Datenverkehr",
            FieldClass::Identity => "Angaben zu Ihrer Person",
            FieldClass::Credential => "Ihre Zugangsdaten",
            FieldClass::Account => "Ihr Konto",
            FieldClass::Device => "Ihre Geräte",
            FieldClass::Usage => "Ihre Nutzung",
            FieldClass::Content => "von Ihnen Geschriebenes",
            FieldClass::Payment => "Bestellungen und Zahlungen",
            FieldClass::Visit => "Besuche der Website",
            FieldClass::Debug => "Fehlersuche",
        }
    }
    fn purpose(&self, purpose: PurposeId) -> &'static str {
        purpose_words(purpose)
    }
    fn surface(&self, surface: Surface) -> &'static str {
        match surface {
            Surface::Tunnel => "den VPN-Tunnel",
            Surface::Dns => "den Namensdienst",
            Surface::Exit => "geteilte Ausgänge",
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
            Surface::Exit => "bei geteilten Ausgängen",
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
    }
}

const fn field_words(field: FieldId) -> &'static str {
    match field {
        FieldId::ClientIp => "IP-Adresse Ihres Anschlusses",
        FieldId::DstIp => "aufgerufene Adressen",
        FieldId::DstHost => "besuchte Websites",
        FieldId::DnsQuery => "nachgeschlagene Namen",
        FieldId::Payload => "Inhalt Ihres Datenverkehrs",
        FieldId::LeaseIp => "Ihnen zugewiesene Adresse",
        FieldId::SessionStart => "Beginn Ihrer Verbindung",
        FieldId::SessionEnd => "Ende Ihrer Verbindung",
        FieldId::RuleHits => "Häufigkeit angewandter Verkehrsregeln",
        FieldId::Email => "E-Mail-Adresse",
        FieldId::Name => "Name",
        FieldId::Address => "Postanschrift",
        FieldId::Phone => "Telefonnummer",
        FieldId::Nickname => "Spitzname",
        FieldId::ContactExtra => "weitere von Ihnen angegebene Kontaktmöglichkeit",
        FieldId::Ssn => "Sozialversicherungsnummer",
        FieldId::PasswordHash => "Passwort (nur als Hash)",
        FieldId::RecoveryHash => "Wiederherstellungscode (nur als Hash)",
        FieldId::SessionHash => "angemeldeter Browser (nur ein Hash)",
        FieldId::JoinedDay => "Tag Ihres Beitritts",
        FieldId::AcceptedDigest => "von Ihnen angenommene Fassung der Erklärung",
        FieldId::AcceptedTime => "Zeitpunkt der Annahme",
        FieldId::StaffRole => "Rolle im Team",
        FieldId::Tariff => "Tarif",
        FieldId::DeviceLabel => "Gerätename",
        FieldId::DeviceKey => "öffentlicher Schlüssel des Geräts",
        FieldId::DevicePsk => "vorab geteilter Schlüssel des Geräts",
        FieldId::DeviceModel => "Gerätemodell",
        FieldId::DeviceOs => "Betriebssystem",
        FieldId::UsageDay => "Tag der Nutzung",
        FieldId::UsageBytes => "übertragene Bytes",
        FieldId::TicketContact => "Kontaktangabe in einer Supportanfrage",
        FieldId::TicketBody => "Text einer Supportanfrage",
        FieldId::PaymentToken => "Zahlungsreferenz",
        FieldId::PaymentPan => "Kartennummer",
        FieldId::PaymentCvv => "Kartenprüfnummer",
        FieldId::OrderTotal => "Bestellsumme",
        FieldId::InvoiceNumber => "Rechnungsnummer",
        FieldId::Cart => "Warenkorb",
        FieldId::AccessTime => "Zeitpunkt eines Besuchs",
        FieldId::AccessIp => "IP-Adresse eines Besuchs",
        FieldId::AppVersion => "App- oder Browserversion",
        FieldId::SiteHits => "Seitenaufrufe",
        FieldId::WebBrowser => "Webbrowser",
        FieldId::PageUrl => "aufgerufene Seiten",
        FieldId::PageTime => "Verweildauer auf einer Seite",
        FieldId::LinkClicked => "angeklickte Links",
        FieldId::Conversion => "Bestellung nach einem Besuch",
        FieldId::LoginTime => "Zeitpunkt der Anmeldung",
    }
}

const fn purpose_words(purpose: PurposeId) -> &'static str {
    match purpose {
        PurposeId::Account => "Ihr Konto zu führen",
        PurposeId::SignIn => "Ihnen die Anmeldung zu ermöglichen",
        PurposeId::Service => "den gewünschten Dienst zu erbringen",
        PurposeId::Billing => "mit Ihnen abzurechnen",
        PurposeId::Fulfilment => "Ihren Kauf abzuwickeln",
        PurposeId::Order => "Ihre Bestellung aufzunehmen",
        PurposeId::NetworkOps => "das Netz zu betreiben",
        PurposeId::TrafficManagement => "den Datenverkehr zu steuern",
        PurposeId::Support => "Ihnen zu helfen",
        PurposeId::Debugging => "einen Fehler zu finden",
        PurposeId::Operate => "diese Website zu betreiben",
        PurposeId::Security => "den Dienst sicher zu halten",
        PurposeId::Compatibility => "Ihre Art von Gerät zu unterstützen",
        PurposeId::Improve => "den Dienst zu verbessern",
        PurposeId::Personalise => "den Dienst an Sie anzupassen",
        PurposeId::Feedback => "Sie nach Ihrer Meinung zu fragen",
        PurposeId::Promotion => "Sie auf Angebote hinzuweisen",
        PurposeId::ProductNews => "Sie über Neuerungen am Produkt zu informieren",
        PurposeId::Analytics => "die Nutzung der Website zu zählen",
        PurposeId::MarketingResearch => "mehr über die Nachfrage zu erfahren",
        PurposeId::Agreement => "Ihre Zustimmung festzuhalten",
        PurposeId::Community => "Ihnen den Austausch mit anderen zu ermöglichen",
        PurposeId::LegalDuty => "einer rechtmäßigen Anordnung nachzukommen",
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
