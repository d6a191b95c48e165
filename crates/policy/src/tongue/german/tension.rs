//! Statements that pull apart, in German.

use plan::Surface;

use super::German;
use crate::tongue::{Tensions, Told, Vocabulary};

fn told(one: &str, other: &str, does: &str) -> Told {
    [one, other, does].map(str::to_owned)
}

impl Tensions for German {
    fn access_log_beside_promise(&self, promise: &str, surfaces: &[Surface]) -> Told {
        [
            format!("„{promise}“: Nichts von dem, was durch den VPN-Tunnel geht, wird gespeichert"),
            "ein Zugriffsprotokoll hält Zeitpunkt und Adresse von Besuchen fest".to_owned(),
            format!(
                "Das Versprechen bindet den Tunnel, dessen Prozess keine Datei hat, in die er schreiben könnte. Das \
                 Zugriffsprotokoll gilt nur für {}; für den Tunnel wird dieselbe Zeile abgelehnt.",
                self.surfaces(surfaces)
            ),
        ]
    }

    fn outsiders_beside_never_sold(&self) -> Told {
        told(
            "personenbezogene Daten werden nie verkauft oder getauscht",
            "Außenstehende arbeiten für den Betreiber, Zahlen über viele gehen hinaus, und der Betreiber kann wechseln",
            "Jeder Außenstehende ist mit dem genannt, was er bekommt, und bekommt nichts, solange er nicht eingeschaltet \
             ist; hinter Zahlen muss eine Mindestzahl von Menschen stehen; ein Betreiberwechsel kommt erst nach einer \
             Frist, in der alle ihr Konto löschen können.",
        )
    }

    fn gateway_beside_no_card_data(&self) -> Told {
        told(
            "Kartendaten liegen verschlüsselt in der Datenbank eines Zahlungsdienstes",
            "Kartendaten werden nach einer Zahlung nicht gespeichert",
            "Gemeint ist die Datenbank des Zahlungsdienstes. Dieses Programm nimmt in keinem Formular eine Kartennummer \
             oder Kartenprüfnummer an; es könnte nur die Referenz des Zahlungsdienstes halten.",
        )
    }

    fn change_on_posting_beside_consent(&self) -> Told {
        told(
            "eine Änderung dieser Erklärung gilt, sobald sie veröffentlicht ist",
            "manche Verwendungen hängen davon ab, was jemandem gesagt wurde und was er gewählt hat",
            "Eine Änderung gilt sofort nur für neue Daten. Für früher erhobene Daten gilt weiter die Regel, unter der \
             sie erhoben wurden, und eine einmal getroffene Wahl wird durch einen neuen Text nicht erweitert.",
        )
    }

    fn two_readings_of_an_address(&self) -> Told {
        told(
            "keine Aufzeichnung der Websites, die Sie besuchen",
            "keine Aufzeichnung einer Adresse, die Ihnen zugewiesen ist",
            "Der ursprüngliche Satz lässt beide Lesarten zu. Das Programm hält sich an beide: Keines von beidem wird je \
             gespeichert.",
        )
    }

    fn device_model_beside_promise(&self) -> Told {
        told(
            "nichts, was Ihr Gerät durch das VPN sendet, wird gespeichert",
            "die Art Ihres Geräts und die Nutzung der Website werden gezählt",
            "Was über ein Gerät bekannt ist, kommt aus dem Konto und der App, nie aus dem Tunnel; gezählt werden \
             Seitenaufrufe, nie Datenverkehr.",
        )
    }

    fn exceptions_beside_promise(&self, promise: &str, except: &[String]) -> Told {
        [
            format!("„{promise}“: Nichts wird gespeichert"),
            format!("ausgenommen: {}", except.join(", ")),
            "Eine Ausnahme ist eine einzelne Aussage mit eigenen Angaben und eigenem Ende. Sie gilt nur für ein einziges \
             Konto und nur von da an; aus der Zeit davor ist nichts zu finden, weil nichts gespeichert wurde. Keine \
             dieser Aufzeichnungen ist in diese Version des Programms eingebaut."
                .to_owned(),
        ]
    }

    fn invoices_beside_nothing_financial(&self) -> Told {
        told(
            "nach einem Kauf wird nichts über Zahlungen gespeichert",
            "Käufe werden abgerechnet, und das Steuerrecht verlangt Rechnungen",
            "Die Angaben einer Rechnung dürfen gespeichert werden (ihre Nummer und ihre Summe), kein Zahlungsmittel.",
        )
    }

    fn access_log_beside_reading(&self) -> Told {
        told(
            "alle werden gebeten, diese Erklärung oft zu lesen",
            "ein Besuch dieser Seite kann im Zugriffsprotokoll stehen",
            "Das Lesen der Erklärung ist ein Besuch wie jeder andere und endet mit der Frist des Zugriffsprotokolls; \
             sonst hält nichts fest, wer sie gelesen hat.",
        )
    }
}
