//! The long page in German.

use plan::{
    Basis, Changes, Choice, Collect, Disclose, Effective, FieldId, Grain, Keep, Never, PurposeId, Recipient,
    RecipientClass, Rights, Surface,
};

use super::German;
use super::vocabulary::{days, length_dative};
use crate::tongue::{Heading, Mark, PageWords, Part, Title, Vocabulary, capitalised};

impl PageWords for German {
    fn part(&self, part: Part) -> Heading {
        match part {
            Part::Never => ("Was nie gespeichert wird", "Dafür hat das Programm keinen Platz."),
            Part::Kept => (
                "Was gespeichert wird",
                "Sonst wird nichts über Sie gespeichert, und alles hier endet von selbst.",
            ),
            Part::Memory => (
                "Was angesehen und vergessen wird",
                "Das geschieht im Arbeitsspeicher; nichts davon wird aufgeschrieben.",
            ),
            Part::Others => (
                "Wer sonst etwas bekommt",
                "Alle außerhalb des Betreibers, die etwas bekommen oder bekommen könnten.",
            ),
            Part::Rights => ("Ihre Rechte", "Sie sind für alle gleich, wo auch immer Sie leben."),
            Part::Apart => (
                "Aussagen, die einander widerstreben",
                "Wo zwei Aussagen dieser Erklärung einander widerstreben, kann das Programm nur eines tun.",
            ),
            Part::Notes => (
                "In den Worten des Betreibers",
                "Dafür, dass das stimmt, sorgt kein Programm.",
            ),
        }
    }

    fn mark(&self, mark: Mark) -> &'static str {
        match mark {
            Mark::NotCollected => "erklärt, von dieser Version nicht erhoben",
            Mark::NotDone => "erklärt, von dieser Version nicht getan",
            Mark::AddedBySoftware => "von der Software hinzugefügt",
            Mark::OperatorsWords => "Worte des Betreibers, vom Programm nicht durchgesetzt",
            Mark::SwitchedOff => "ausgeschaltet",
        }
    }

    fn title(&self, title: Title) -> &'static str {
        match title {
            Title::NotAccepted => "Wird nicht angenommen",
            Title::NotDone => "Wird nicht getan",
            Title::Disclosure => "Herausgabe",
            Title::Countries => "Länder",
            Title::Handover => "Betreiberwechsel",
            Title::Export => "Nehmen Sie Ihre Daten mit",
            Title::Erase => "Lassen Sie Ihre Daten löschen",
            Title::Floor => "Jede Speicherung hat ein Ende; Kartennummern und Kartenprüfnummern werden nie gespeichert",
            Title::Correct => "Berichtigung",
            Title::Ask => "Fragen Sie nach",
            Title::Audience => "Wer beitreten darf",
            Title::Changes => "Änderungen dieser Erklärung",
            Title::Scope => "Wofür sie gilt",
            Title::Note => "Anmerkung",
        }
    }

    fn promise_title(&self, name: &str) -> String {
        format!("Versprechen: {name}")
    }

    fn promise_holds(&self, surface: Surface, never: &[FieldId]) -> String {
        format!(
            "{} wird Folgendes nie aufgeschrieben und geht nirgendwohin außer dorthin, wohin Sie es senden: {}.",
            capitalised(self.on(surface)),
            self.fields(never)
        )
    }

    fn promise_excepts(&self, names: &[&str]) -> String {
        format!(
            "Die einzigen Ausnahmen sind die Aussagen mit den Namen {}, jede in eigenen Grenzen, immer nur für ein \
             einzelnes Konto und nie für die Vergangenheit.",
            self.names(names)
        )
    }

    fn refused(&self, fields: &[FieldId]) -> String {
        format!(
            "Das Programm nimmt Folgendes gar nicht erst an: {}. Kein Formular hat ein Feld dafür, und eine Anfrage, die \
             es mitbringt, wird abgelehnt.",
            self.fields(fields)
        )
    }

    fn never(&self, never: Never) -> &'static str {
        match never {
            Never::Sell => "Ihre personenbezogenen Daten werden nie verkauft, getauscht oder vermietet.",
            Never::Profile => "Es wird kein Werbeprofil von Ihnen angelegt.",
        }
    }

    fn where_met(&self, collect: &Collect) -> String {
        let moment = match (collect.capability.as_deref(), collect.when.as_deref()) {
            (Some("debug-capture"), _) => ", nur während mit Ihrem Wissen nach einem Fehler bei Ihnen gesucht wird",
            (Some(_), _) => ", nur nach einer rechtmäßigen Anordnung für ein einzelnes Konto und erst von da an",
            (None, Some("order")) => ", nur wenn Sie etwas bestellen",
            (None, Some(_)) => ", nur wenn Sie um Hilfe bitten",
            (None, None) if collect.required => " und ist nötig: Ohne gibt es kein Konto",
            (None, None) => "",
        };
        let places: Vec<&str> = collect.surfaces.iter().map(|surface| self.on(*surface)).collect();
        format!("Fällt {} an{moment}.", self.names(&places))
    }

    fn uses(&self, collect: &Collect) -> Vec<String> {
        let said = [
            (Choice::None, "Verwendet für", "."),
            (Choice::OptIn, "Nur wenn Sie zustimmen, verwendet für", "."),
            (
                Choice::OptOut,
                "Wenn Sie nicht widersprechen, auch verwendet für",
                "; Sie können jederzeit widersprechen.",
            ),
        ];
        let said = said
            .into_iter()
            .map(|(choice, start, end)| (collect.purposes_with(choice), start, end));
        said.filter(|(purposes, ..)| !purposes.is_empty())
            .map(|(purposes, start, end)| format!("{start} {}{end}", self.purposes(&purposes)))
            .collect()
    }

    fn kept(&self, keep: Keep) -> String {
        match keep.until {
            Some(_) => format!("Gespeichert, {}.", self.keep(keep)),
            None => format!("{} gespeichert.", self.keep(keep)),
        }
    }

    fn grain(&self, grain: Grain) -> &'static str {
        match grain {
            Grain::AccountDay => "Eine Zahl je Konto und Tag; nichts Feineres.",
        }
    }

    fn held_because(&self, basis: Basis) -> &'static str {
        match basis {
            Basis::Contract => "Grundlage ist der Vertrag: Ohne das kann der Dienst nicht erbracht werden.",
            Basis::Consent => "Grundlage ist Ihre Einwilligung; Sie können sie widerrufen.",
            Basis::Law => "Grundlage ist eine gesetzliche Pflicht.",
            Basis::Interest => "Grundlage ist ein berechtigtes Interesse des Betreibers, dem Ihres nicht vorgeht.",
        }
    }

    fn goes_to(&self, names: &[&str]) -> String {
        match names.is_empty() {
            true => "Niemand außerhalb bekommt es.".to_owned(),
            false => format!("Es geht auch an {}; siehe unten.", self.names(names)),
        }
    }

    fn access_log(&self) -> &'static str {
        "Es ist mit keinem Konto verknüpft; wer von derselben Adresse kommt, sieht es dort und kann es löschen."
    }

    fn not_in_this_version(&self, fields: &[FieldId], purposes: &[PurposeId]) -> String {
        let mut left_out = Vec::new();
        if !fields.is_empty() {
            left_out.push(format!(
                "Diese Version des Programms erhebt Folgendes nicht: {}.",
                self.fields(fields)
            ));
        }
        if !purposes.is_empty() {
            left_out.push(format!(
                "Diese Version des Programms verwendet es nicht für {}.",
                self.purposes(purposes)
            ));
        }
        left_out.join(" ")
    }

    fn process(&self, surface: Surface, fields: &[FieldId], purposes: &[PurposeId], ttl_seconds: i64) -> String {
        format!(
            "{} sieht das Programm für {} Folgendes an: {}. Es vergisst es innerhalb von {}.",
            capitalised(self.on(surface)),
            self.purposes(purposes),
            self.fields(fields),
            length_dative(ttl_seconds)
        )
    }

    fn process_emits(&self, fields: &[FieldId]) -> String {
        match fields.is_empty() {
            true => "Davon bleibt nichts übrig.".to_owned(),
            false => format!("Davon bleibt eine Zählung übrig: {}.", self.fields(fields)),
        }
    }

    fn resolver(&self, gets: &[FieldId]) -> String {
        format!(
            "Der Namensserver, den Ihr Gerät durch den Tunnel befragt. Er erfährt: {}. Ihr Gerät sendet das selbst, so \
             wie all seinen Datenverkehr; das Programm behält nichts davon.",
            self.fields(gets)
        )
    }

    fn recipient(&self, title: &str, recipient: &Recipient) -> String {
        let kind = match recipient.class {
            RecipientClass::Processor => "arbeitet im Auftrag des Betreibers und ist vertraglich gebunden",
            RecipientClass::ThirdParty => {
                "entscheidet selbst, was mit dem Erhaltenen geschieht; lesen Sie die dortige Erklärung"
            }
            RecipientClass::Partner => "ist ein Unternehmen, mit dem der Betreiber wirbt",
            RecipientClass::Resolver => "beantwortet Fragen nach Namen",
        };
        let country = recipient.country.as_deref();
        let country = country.map_or(String::new(), |country| format!(" ({country})"));
        format!("{title}{country}: {kind}.")
    }

    fn recipient_gets(&self, gets: &[FieldId], purposes: &[PurposeId]) -> String {
        format!("Dorthin ginge für {}: {}.", self.purposes(purposes), self.fields(gets))
    }

    fn follows_people(&self) -> &'static str {
        "Verfolgt Menschen über andere Websites hinweg."
    }

    fn handed(&self, enabled: bool) -> &'static str {
        match enabled {
            true => "Diese Version des Programms hat keinen Weg, etwas dorthin zu geben.",
            false => "Dorthin geht nichts.",
        }
    }

    fn release_title(&self, name: &str) -> String {
        format!("Zahlen: {name}")
    }

    fn release(&self, fields: &[FieldId], purposes: &[PurposeId], k: u32) -> String {
        format!(
            "Zahlen, die aus Folgendem gezählt sind, dürfen für {} veröffentlicht oder weitergegeben werden: {}. Eine Zahl \
             geht nur hinaus, wenn mindestens {k} Menschen hinter ihr stehen.",
            self.purposes(purposes),
            self.fields(fields)
        )
    }

    fn disclose(&self, disclose: &Disclose) -> String {
        let grounds: Vec<&str> = disclose.grounds.iter().map(|ground| self.ground(ground)).collect();
        format!(
            "Daten dürfen herausgegeben werden, um {}, wenn {} aus dem Team zustimmen. Was nicht gespeichert ist, kann \
             nicht herausgegeben werden.",
            self.names(&grounds),
            disclose.approvals
        )
    }

    fn ground<'g>(&self, ground: &'g str) -> &'g str {
        match ground {
            "legal-order" => "einer rechtmäßigen Anordnung zu folgen",
            "enforce-terms" => "die Nutzungsbedingungen durchzusetzen",
            "protect-safety" => "Rechte, Eigentum oder Sicherheit von Menschen zu schützen",
            other => other,
        }
    }

    fn told(&self, tell_subject: bool) -> &'static str {
        match tell_subject {
            true => "Sie werden benachrichtigt, sofern das Gesetz es nicht verbietet.",
            false => "Möglicherweise werden Sie nicht benachrichtigt.",
        }
    }

    fn source_title(&self, name: &str) -> String {
        format!("Weitere Quelle: {}", name.replace('-', " "))
    }

    fn source(&self, fields: &[FieldId]) -> String {
        format!("Von dort kann ebenfalls kommen: {}.", self.fields(fields))
    }

    fn nodes(&self, countries: &[String]) -> String {
        format!(
            "Rechner, die Datenverkehr befördern, dürfen stehen in: {}.",
            countries.join(", ")
        )
    }

    fn processing(&self, country: &str) -> String {
        format!("Konten werden geführt in: {country}.")
    }

    fn handover(&self, notice_days: u16) -> String {
        format!(
            "Wechselt der Betreiber, werden Sie {} vorher benachrichtigt und können Ihre Daten vorher mitnehmen und \
             löschen.",
            days(notice_days)
        )
    }

    fn export(&self) -> &'static str {
        "Sie können alles exportieren, was zu Ihrem Konto gespeichert ist."
    }

    fn erase(&self) -> &'static str {
        "Sie können Ihr Konto und alles, was dazu gespeichert ist, löschen."
    }

    fn floor(&self) -> &'static str {
        "Mit einer Erklärung, die etwas anderes sagt, startet dieses Programm nicht."
    }

    fn correct(&self) -> &'static str {
        "Was über Sie falsch gespeichert ist, wird berichtigt."
    }

    fn ask(&self, contact: &str, rights: Rights) -> String {
        format!(
            "Schreiben Sie an {contact}. Sie erhalten innerhalb von höchstens {} Antwort.",
            length_dative(rights.within_seconds)
        )
    }

    fn audience(&self, min_age: Option<u8>) -> String {
        match min_age {
            Some(age) => format!("Wer beitreten möchte, muss mindestens {age} Jahre alt sein."),
            None => "Alle dürfen beitreten.".to_owned(),
        }
    }

    fn changes(&self, changes: Changes) -> String {
        let mut text = match changes.effective {
            Effective::OnPosting => {
                "Eine neue Fassung gilt für neue Daten, sobald sie hier steht. Für bereits Gespeichertes gilt weiter die \
                 Regel, unter der es erhoben wurde. Das Datum oben sagt Ihnen, wann die Erklärung zuletzt geändert \
                 wurde."
                    .to_owned()
            }
            Effective::AfterNotice => format!(
                "Eine neue Fassung gilt {} nach dem Tag, an dem Sie benachrichtigt wurden. Das Datum oben sagt Ihnen, \
                 wann die Erklärung zuletzt geändert wurde.",
                days(changes.notice_days)
            ),
        };
        match changes.by {
            None => {}
            Some(plan::Telling::SignIn) => {
                text.push_str(" Wer sich anmeldet, bekommt gezeigt, dass sie sich geändert hat.")
            }
        }
        text
    }

    fn scope(&self, surfaces: &[Surface]) -> String {
        format!("Diese Erklärung gilt für {}.", self.surfaces(surfaces))
    }

    fn apart(&self, tension: &crate::Tension) -> Vec<String> {
        vec![
            format!("Die eine: {}.", tension.one),
            format!("Die andere: {}.", tension.other),
            format!(
                "Diese zwei Aussagen widerstreben einander; das Programm tut dies: {}",
                tension.does
            ),
        ]
    }
}
