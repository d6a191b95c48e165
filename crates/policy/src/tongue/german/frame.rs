//! What stands around the sentences, in German.

use plan::{CookieLife, Never, PurposeId, Surface};

use super::German;
use crate::tongue::{Frame, LabelBox, Vocabulary};

impl Frame for German {
    fn page_title(&self, controller: &str) -> String {
        format!("Datenschutzerklärung von {controller}")
    }

    fn label_title(&self, controller: &str) -> String {
        format!("Datenschutz auf einen Blick: {controller}")
    }

    fn cookies_title(&self, controller: &str) -> String {
        format!("Cookies von {controller}")
    }

    fn meta(&self, date: Option<&str>, version: &str) -> String {
        match date {
            Some(date) => format!("Zuletzt geändert am {date}, Version {version}"),
            None => format!("Version {version}"),
        }
    }

    fn intro(&self) -> &'static str {
        "Diese Seite schreibt das Programm aus der Erklärung, mit der es gestartet wurde. Für das, was die Erklärung \
         nicht nennt, hat das Programm keinen Platz."
    }

    fn in_short(&self) -> &'static str {
        "Kurz gesagt"
    }

    fn clauses(&self) -> &'static str {
        "Klauseln"
    }

    fn foot(&self, name: &str, digest: &str, version: &str) -> String {
        format!(
            "Erklärung „{name}“, Prüfsumme des Plans {digest}, geschrieben von candor {version}. Kleine Nummern wie S3.9 \
             nennen die Klauseln, die eine Aussage trägt."
        )
    }

    fn run_by(&self, version: &str) -> String {
        format!("so, wie candor {version} sie ausführt")
    }

    fn label_box(&self, part: LabelBox) -> &'static str {
        match part {
            LabelBox::Collected => "Erhoben",
            LabelBox::Shared => "Weitergegeben",
            LabelBox::Kept => "Gespeichert",
            LabelBox::Never => "Niemals",
        }
    }

    fn nothing_collected(&self) -> &'static str {
        "Nichts"
    }

    fn left_out(&self, count: usize) -> String {
        match count {
            1 => "1 weitere Angabe ist erklärt und wird von dieser Version nicht erhoben".to_owned(),
            count => format!("{count} weitere Angaben sind erklärt und werden von dieser Version nicht erhoben"),
        }
    }

    fn shared_with_nobody(&self) -> &'static str {
        "An niemanden"
    }

    fn device_asks(&self) -> &'static str {
        "Ihr Gerät fragt selbst einen Namensserver nach den Namen, die es nachschlägt"
    }

    fn on_orders(&self) -> &'static str {
        "Auf rechtmäßige Anordnung: was gespeichert ist"
    }

    fn erased_on_request(&self) -> &'static str {
        "Ihr Konto mit allem, was dazugehört: gelöscht, sobald Sie es verlangen"
    }

    fn never_label(&self, never: Never) -> &'static str {
        match never {
            Never::Sell => "Verkauf Ihrer Daten",
            Never::Profile => "Ein Werbeprofil von Ihnen",
        }
    }

    fn cookies(&self) -> &'static str {
        "Cookies"
    }

    fn no_cookie(&self) -> &'static str {
        "Es wird kein Cookie gesetzt."
    }

    fn cookies_lead(&self) -> &'static str {
        "Andere Cookies können nicht gesetzt werden, auch nicht von Dritten."
    }

    fn cookie_columns(&self) -> [&'static str; 5] {
        ["Name", "Wo", "Wofür", "Wie lange", "Gesetzt"]
    }

    fn cookie_where(&self, surface: Surface) -> &'static str {
        self.on(surface)
    }

    fn cookie_purposes(&self, purposes: &[PurposeId]) -> String {
        format!("Für {}", self.purposes(purposes))
    }

    fn cookie_life(&self, life: CookieLife) -> &'static str {
        match life {
            CookieLife::Session => "bis Sie den Browser schließen",
        }
    }

    fn cookie_set(&self, set: bool) -> &'static str {
        match set {
            true => "ja",
            false => "nein: erklärt, von dieser Version nicht gesetzt",
        }
    }

    fn cookie_line(&self, row: &[String; 5]) -> String {
        let [name, place, purpose, life, set] = row;
        format!("{name}, {place}: {purpose}; {life}; gesetzt: {set}")
    }
}
