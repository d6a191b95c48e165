//! The catalogue's words in German. Everything that has English words has German ones: a missing line does not compile.

use crate::field::FieldClass;
use crate::{FieldId, PurposeId, Surface};

/// Without an article, so that it is the same as subject and as object, and without a comma, so that it can stand in a
/// list.
pub(crate) const fn field(field: FieldId) -> &'static str {
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
        FieldId::ContactExtra => "weitere Kontaktangabe von Ihnen",
        FieldId::Ssn => "Sozialversicherungsnummer",
        FieldId::PasswordHash => "Passwort (nur sein Hash)",
        FieldId::RecoveryHash => "Wiederherstellungscode (nur sein Hash)",
        FieldId::SessionHash => "angemeldeter Browser (nur ein Hash)",
        FieldId::AccountNumber => "Kontonummer (nur ihr Hash)",
        FieldId::TokenHash => "Zugriffstoken (nur sein Hash)",
        FieldId::InvitationCode => "von Ihnen erstellte Einladung (nur ihr Hash)",
        FieldId::JoinedDay => "Tag Ihres Beitritts",
        FieldId::AcceptedDigest => "angenommene Fassung der Erklärung",
        FieldId::AcceptedTime => "Zeitpunkt Ihrer Zustimmung",
        FieldId::StaffRole => "Rolle im Team des Betreibers",
        FieldId::Tariff => "gewählter Tarif",
        FieldId::PaidUntil => "letzter Tag Ihrer Mitgliedschaft",
        FieldId::SuspendedDay => "Beginn Ihrer Sperre",
        FieldId::TokenLabel => "Ihr Name für ein Zugriffstoken",
        FieldId::TokenScope => "was ein Zugriffstoken darf",
        FieldId::InvitationTariff => "Tarif einer von Ihnen erstellten Einladung",
        FieldId::InvitationUses => "freie Plätze einer von Ihnen erstellten Einladung",
        FieldId::InvitationEnd => "Ende einer von Ihnen erstellten Einladung",
        FieldId::InvitationUsed => "Ihre Einladung beim Beitritt",
        FieldId::DeviceLabel => "Gerätename",
        FieldId::DeviceKey => "öffentlicher Schlüssel des Geräts",
        FieldId::DevicePsk => "gemeinsamer Schlüssel des Geräts",
        FieldId::DeviceModel => "Gerätemodell",
        FieldId::DeviceOs => "Betriebssystem",
        FieldId::UsageDay => "Tag der Nutzung",
        FieldId::UsageBytes => "übertragene Bytes",
        FieldId::TicketContact => "Kontaktangabe in einer Support-Anfrage",
        FieldId::TicketBody => "Text einer Support-Anfrage",
        FieldId::PaymentToken => "Zahlungsreferenz",
        FieldId::PaymentPan => "Kartennummer",
        FieldId::PaymentCvv => "Kartenprüfnummer",
        FieldId::OrderTotal => "Bestellsumme",
        FieldId::InvoiceNumber => "Rechnungsnummer",
        FieldId::Cart => "Warenkorb",
        FieldId::AccessTime => "Zeitpunkt eines Besuchs",
        FieldId::AccessIp => "Adresse eines Besuchs",
        FieldId::AppVersion => "Version der App oder des Browsers",
        FieldId::SiteHits => "Seitenaufrufe",
        FieldId::WebBrowser => "Webbrowser",
        FieldId::PageUrl => "angesehene Seiten",
        FieldId::PageTime => "Verweildauer auf einer Seite",
        FieldId::LinkClicked => "angeklickte Links",
        FieldId::Conversion => "Abschluss nach einem Besuch",
        FieldId::LoginTime => "Zeitpunkt der Anmeldung",
    }
}

/// A heading.
pub(crate) const fn class(class: FieldClass) -> &'static str {
    match class {
        FieldClass::Traffic => "Datenverkehr",
        FieldClass::Identity => "Angaben zu Ihrer Person",
        FieldClass::Credential => "Ihre Zugangsdaten",
        FieldClass::Account => "Ihr Konto",
        FieldClass::Device => "Ihre Geräte",
        FieldClass::Usage => "Ihr Verbrauch",
        FieldClass::Content => "von Ihnen Geschriebenes",
        FieldClass::Payment => "Bestellungen und Zahlung",
        FieldClass::Visit => "Besuche der Website",
        FieldClass::Debug => "Fehlersuche",
    }
}

/// Accusative with its article, as it follows „für“.
pub(crate) const fn purpose(purpose: PurposeId) -> &'static str {
    match purpose {
        PurposeId::Account => "die Führung Ihres Kontos",
        PurposeId::SignIn => "Ihre Anmeldung",
        PurposeId::Service => "den gewünschten Dienst",
        PurposeId::Billing => "die Abrechnung",
        PurposeId::Fulfilment => "die Erfüllung Ihres Kaufs",
        PurposeId::Order => "die Annahme Ihrer Bestellung",
        PurposeId::NetworkOps => "den Betrieb des Netzes",
        PurposeId::TrafficManagement => "die Steuerung des Datenverkehrs",
        PurposeId::Support => "Hilfe auf Ihre Anfrage",
        PurposeId::Debugging => "die Fehlersuche",
        PurposeId::Operate => "den Betrieb dieser Website",
        PurposeId::Security => "die Sicherheit des Dienstes",
        PurposeId::Compatibility => "die Unterstützung Ihrer Geräteart",
        PurposeId::Improve => "die Verbesserung des Dienstes",
        PurposeId::Personalise => "die Anpassung des Dienstes an Sie",
        PurposeId::Feedback => "Fragen nach Ihrer Meinung",
        PurposeId::Promotion => "Hinweise auf Angebote",
        PurposeId::ProductNews => "Neuigkeiten zum Produkt",
        PurposeId::Analytics => "die Zählung der Website-Nutzung",
        PurposeId::MarketingResearch => "die Marktforschung",
        PurposeId::Agreement => "den Nachweis Ihrer Zustimmung",
        PurposeId::Community => "den Austausch mit anderen",
        PurposeId::LegalDuty => "die Befolgung rechtmäßiger Anordnungen",
    }
}

/// Nominative, as a heading or after a colon.
pub(crate) const fn surface(surface: Surface) -> &'static str {
    match surface {
        Surface::Tunnel => "VPN-Tunnel",
        Surface::Dns => "Namensdienst",
        Surface::Exit => "gemeinsame Ausgänge",
        Surface::Talk => "Nachrichten und Anrufe",
        Surface::Account => "Ihr Konto",
        Surface::Site => "diese Website",
        Surface::App => "App",
        Surface::Support => "Support",
    }
}
