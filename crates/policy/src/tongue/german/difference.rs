//! What changes between two policies, in German.

use std::collections::BTreeSet;

use plan::{Basis, Changes, Choice, Effective, Never, PurposeId, RecipientClass, Surface, Telling};

use super::German;
use super::vocabulary::{days, length_dative};
use crate::difference::{Bound, Change, Datum, Direction, Named, Outsider, Rule, Sort, Verdict};
use crate::tongue::{DifferencePart, Differences, PageWords, Vocabulary, capitalised, joined};

impl Differences for German {
    fn difference_title(&self, old: &Named, new: &Named) -> String {
        format!(
            "Von {} (Version {}) zu {} (Version {})",
            old.file, old.version, new.file, new.version
        )
    }

    fn difference_part(&self, part: DifferencePart) -> &'static str {
        match part {
            DifferencePart::Significant => "Was den Mitgliedern gesagt werden muss",
            DifferencePart::Narrower => "Was strenger wird",
            DifferencePart::Other => "Was nur anders gesagt wird",
        }
    }

    fn verdict(&self, verdict: Verdict) -> &'static str {
        match verdict {
            Verdict::Same => "Kein Unterschied.",
            Verdict::Wording => {
                "Nur der Wortlaut: Beide Erklärungen sagen dasselbe; Namen, Versionen, Daten, Anmerkungen oder Klauseln \
                 unterscheiden sich."
            }
            Verdict::Insignificant => "Nichts, was den Mitgliedern vorher gesagt werden muss: Nichts wird weiter.",
            Verdict::Significant => "Eine wesentliche Änderung.",
        }
    }

    fn must_be_told(&self, rule: Changes) -> String {
        match rule.effective {
            Effective::AfterNotice => format!(
                "Die Mitglieder müssen {} vorher benachrichtigt werden: So sagt es die geltende Erklärung.",
                days(rule.notice_days)
            ),
            Effective::OnPosting => "Die Mitglieder müssen bei der Veröffentlichung benachrichtigt werden: Nach der \
                                     geltenden Erklärung gilt eine Änderung von da an für neue Daten; für bereits \
                                     Gespeichertes gilt weiter die Regel, unter der es erhoben wurde."
                .to_owned(),
        }
    }

    fn tag(&self, change: &Change) -> &'static str {
        match (change.sort(), change.direction()) {
            (Sort::Thing, Direction::Wider) => "NEU",
            (Sort::Thing, Direction::Narrower) => "ENTFÄLLT",
            (Sort::Length, Direction::Wider) => "LÄNGER",
            (Sort::Length, Direction::Narrower) => "KÜRZER",
            (Sort::Right, Direction::Wider) => "SCHWÄCHER",
            (Sort::Right, Direction::Narrower) => "STÄRKER",
            (_, Direction::Level) => "ANDERS",
        }
    }

    fn datum(&self, datum: &Datum) -> String {
        let fields = capitalised(&self.field_set(datum.fields()));
        match datum {
            Datum::Field { comes: true, .. } => self.new_field(datum),
            Datum::Field { surfaces, .. } => format!("{fields}: {} nicht mehr erhoben.", self.places(surfaces)),
            Datum::Purpose {
                comes, purpose, choice, ..
            } => {
                let purpose = self.purpose_words(*purpose);
                match (comes, choice) {
                    (true, Choice::None) => format!("{fields}: auch verwendet für {purpose}."),
                    (true, Choice::OptIn) => format!("{fields}: wenn Sie zustimmen, auch verwendet für {purpose}."),
                    (true, Choice::OptOut) => {
                        format!("{fields}: wenn Sie nicht widersprechen, auch verwendet für {purpose}.")
                    }
                    (false, _) => format!("{fields}: nicht mehr verwendet für {purpose}."),
                }
            }
            Datum::Place {
                comes,
                surfaces,
                purpose,
                ..
            } => {
                let (places, purpose) = (self.places(surfaces), self.purpose_words(*purpose));
                match comes {
                    true => format!("{fields}: auch {places} erhoben, für {purpose}."),
                    false => format!("{fields}: {places} nicht mehr für {purpose} erhoben."),
                }
            }
            Datum::Keep { from, to, .. } => format!(
                "{fields}: gespeichert: {}; bisher: {}.",
                self.keep(*to),
                self.keep(*from)
            ),
            Datum::Say { purpose, from, to, .. } => format!(
                "{fields}, für {}: {}; bisher: {}.",
                self.purpose_words(*purpose),
                say(*to),
                say(*from)
            ),
            Datum::Basis { from, to, .. } => {
                format!(
                    "{fields}: Grundlage ist {} statt {}.",
                    ground_of(*to),
                    ground_before(*from)
                )
            }
            Datum::Grain { to, .. } => match to {
                Some(grain) => format!("{fields}: {}", self.grain(*grain)),
                None => format!("{fields}: künftig vielleicht feiner gezählt."),
            },
            Datum::Required { to: true, .. } => format!("{fields}: Ohne gibt es kein Konto."),
            Datum::Required { to: false, .. } => format!("{fields}: für ein Konto nicht mehr nötig."),
            Datum::Moment { from, to, .. } => format!(
                "{fields}: erhoben: {}; bisher: {}.",
                moment(to.as_deref()),
                moment(from.as_deref())
            ),
        }
    }

    fn bound(&self, bound: &Bound) -> String {
        match bound {
            Bound::Promise {
                comes: true,
                surface,
                fields,
            } => format!(
                "{} wird versprochen, nie zu speichern: {}.",
                capitalised(self.on(*surface)),
                self.field_set(fields)
            ),
            Bound::Promise {
                comes: false,
                surface,
                fields,
            } => format!(
                "{} wird nicht mehr versprochen, Folgendes nie zu speichern: {}.",
                capitalised(self.on(*surface)),
                self.field_set(fields)
            ),
            Bound::Except {
                comes,
                surface,
                exception,
                fields,
            } => format!(
                "Das Versprechen {} {} die Ausnahme {exception} für: {}.",
                self.on(*surface),
                if *comes { "bekommt" } else { "verliert" },
                self.field_set(fields)
            ),
            Bound::Refuse { comes: true, fields } => format!("Gar nicht erst angenommen: {}.", self.field_set(fields)),
            Bound::Refuse { comes: false, fields } => format!("Nicht mehr abgelehnt: {}.", self.field_set(fields)),
            Bound::Never { comes: true, never } => self.never(*never).to_owned(),
            Bound::Never { comes: false, never } => match never {
                Never::Sell => {
                    "Es wird nicht mehr versprochen, Ihre Daten nie zu verkaufen, zu tauschen oder zu vermieten."
                }
                Never::Profile => "Es wird nicht mehr versprochen, kein Werbeprofil von Ihnen anzulegen.",
            }
            .to_owned(),
            Bound::Look { .. } | Bound::Memory { .. } | Bound::Count { .. } => self.in_memory(bound),
            Bound::Cookie {
                comes,
                whole,
                name,
                surface,
                purposes,
            } => {
                let (place, purposes) = (self.on(*surface), self.purpose_set(purposes));
                match (comes, whole) {
                    (true, true) => format!("Das Cookie {name} wird {place} gesetzt, für {purposes}."),
                    (true, false) => format!("Das Cookie {name} wird {place} auch verwendet für {purposes}."),
                    (false, true) => format!("Das Cookie {name} wird nicht mehr gesetzt."),
                    (false, false) => format!("Das Cookie {name} wird {place} nicht mehr verwendet für {purposes}."),
                }
            }
        }
    }

    fn outsider(&self, outsider: &Outsider) -> String {
        match outsider {
            Outsider::Recipient { .. } | Outsider::Gets { .. } | Outsider::Class { .. } | Outsider::Country { .. } => {
                self.recipient_change(outsider)
            }
            Outsider::Nodes { .. } | Outsider::NodesSaid { .. } | Outsider::Processing { .. } => {
                self.countries(outsider)
            }
            Outsider::Ground { comes: true, ground } => {
                format!("Daten dürfen herausgegeben werden, um {}.", self.ground(ground))
            }
            Outsider::Ground { comes: false, ground } => {
                format!("Daten werden nicht mehr herausgegeben, um {}.", self.ground(ground))
            }
            Outsider::Approvals { ground, from, to } => format!(
                "Herausgabe, um {}: {to} aus dem Team müssen zustimmen statt {from}.",
                self.ground(ground)
            ),
            Outsider::Tell { ground, to } => format!("Herausgabe, um {}: {}", self.ground(ground), self.told(*to)),
            Outsider::Figures { comes, purpose, fields } => format!(
                "Zahlen, die aus Folgendem gezählt sind, dürfen{} für {} hinausgehen: {}.",
                if *comes { "" } else { " nicht mehr" },
                self.purpose_words(*purpose),
                self.field_set(fields)
            ),
            Outsider::People { fields, from, to } => format!(
                "Hinter jeder Zahl müssen mindestens {to} Menschen stehen statt {from}: {}.",
                self.field_set(fields)
            ),
            Outsider::Source { comes, name, fields } => format!(
                "{}:{} auch von anderswo ({}).",
                capitalised(&self.field_set(fields)),
                if *comes { "" } else { " nicht mehr" },
                name.replace('-', " ")
            ),
            Outsider::Handover {
                comes: true,
                notice_days,
            } => format!(
                "Der Betreiber kann wechseln und Ihre Daten mit ihm; Sie werden {} vorher benachrichtigt.",
                days(*notice_days)
            ),
            Outsider::Handover { comes: false, .. } => {
                "Ihre Daten gehen nicht mehr auf einen anderen Betreiber über.".to_owned()
            }
            Outsider::HandoverNotice { from_days, to_days } => format!(
                "Wechselt der Betreiber, werden Sie {} vorher benachrichtigt statt {}.",
                days(*to_days),
                days(*from_days)
            ),
        }
    }

    fn rule(&self, rule: &Rule) -> String {
        let scope = |surfaces: &BTreeSet<Surface>| self.surfaces(&surfaces.iter().copied().collect::<Vec<_>>());
        match rule {
            Rule::Audience { from, to } => match to {
                Some(to) => format!(
                    "Beitreten darf, wer mindestens {to} Jahre alt ist; bisher: {}.",
                    before(*from)
                ),
                None => format!("Alle dürfen beitreten; bisher: {}.", before(*from)),
            },
            Rule::Within {
                from_seconds,
                to_seconds,
            } => format!(
                "Ihre Anfragen werden innerhalb von {} beantwortet statt innerhalb von {}.",
                length_dative(*to_seconds),
                length_dative(*from_seconds)
            ),
            Rule::Correct { to: true } => self.correct().to_owned(),
            Rule::Correct { to: false } => {
                "Es wird nicht mehr gesagt, dass falsch Gespeichertes berichtigt wird.".to_owned()
            }
            Rule::Effective {
                from,
                to,
                from_days,
                to_days,
            } => format!(
                "Spätere Änderungen der Erklärung gelten {}; bisher: {}.",
                effective(*to, *to_days),
                effective(*from, *from_days)
            ),
            Rule::Told {
                comes: true,
                way: Telling::SignIn,
            } => "Wer sich anmeldet, sieht, dass sich die Erklärung geändert hat.".to_owned(),
            Rule::Told {
                comes: false,
                way: Telling::SignIn,
            } => "Es wird nicht mehr zugesagt, dass eine geänderte Erklärung beim Anmelden gezeigt wird.".to_owned(),
            Rule::Controller { from, to } => format!("Für Ihre Daten ist {to} verantwortlich statt {from}."),
            Rule::Contact { from, to } => format!("Fragen gehen an {to} statt an {from}."),
            Rule::Scope { comes: true, surfaces } => format!("Die Erklärung gilt auch für {}.", scope(surfaces)),
            Rule::Scope { comes: false, surfaces } => format!("Die Erklärung gilt nicht mehr für {}.", scope(surfaces)),
            Rule::SwitchedOff { name } => format!("{}: anders beschrieben; dorthin geht nichts.", title(name)),
            Rule::Arrangement(kinds) => format!(
                "Dasselbe steht in anderen Aussagen oder unter anderen Namen ({}).",
                kinds.iter().cloned().collect::<Vec<_>>().join(", ")
            ),
        }
    }
}

impl German {
    fn purpose_words(&self, purpose: PurposeId) -> &'static str {
        purpose.words_in(self.language())
    }

    fn new_field(&self, datum: &Datum) -> String {
        let Datum::Field {
            fields,
            surfaces,
            purposes,
            keeps,
            capability,
            ..
        } = datum
        else {
            return String::new();
        };
        let exception = match capability.as_deref() {
            None => "",
            Some("debug-capture") => ", nur während mit Ihrem Wissen nach einem Fehler bei Ihnen gesucht wird",
            Some(_) => ", nur nach einer rechtmäßigen Anordnung für ein einzelnes Konto",
        };
        let uses = purposes.iter().map(|(purpose, choice)| {
            let say = match choice {
                Choice::None => "",
                Choice::OptIn => " (nur wenn Sie zustimmen)",
                Choice::OptOut => " (wenn Sie nicht widersprechen)",
            };
            format!("{}{say}", self.purpose_words(*purpose))
        });
        format!(
            "{}: {} erhoben{exception}, für {}; gespeichert: {}.",
            capitalised(&self.field_set(fields)),
            self.places(surfaces),
            joined(uses, self.and()),
            joined(keeps.iter().map(|keep| self.keep(*keep)), self.and())
        )
    }

    fn in_memory(&self, bound: &Bound) -> String {
        match bound {
            Bound::Look {
                comes,
                surface,
                purpose,
                fields,
            } => format!(
                "{} sieht das Programm für {} im Arbeitsspeicher{} an: {}.",
                capitalised(self.on(*surface)),
                self.purpose_words(*purpose),
                if *comes { "" } else { " nicht mehr" },
                self.field_set(fields)
            ),
            Bound::Memory {
                surface,
                fields,
                from_seconds,
                to_seconds,
            } => format!(
                "{} wird Angesehenes innerhalb von {} vergessen statt innerhalb von {}: {}.",
                capitalised(self.on(*surface)),
                length_dative(*to_seconds),
                length_dative(*from_seconds),
                self.field_set(fields)
            ),
            Bound::Count { comes, fields } => match comes {
                true => format!("Gezählt: {}.", self.field_set(fields)),
                false => format!("Nicht mehr gezählt: {}.", self.field_set(fields)),
            },
            Bound::Promise { .. }
            | Bound::Except { .. }
            | Bound::Refuse { .. }
            | Bound::Never { .. }
            | Bound::Cookie { .. } => self.bound(bound),
        }
    }

    fn recipient_change(&self, outsider: &Outsider) -> String {
        match outsider {
            Outsider::Recipient {
                comes: true,
                name,
                class,
                country,
                fields,
                purposes,
            } => {
                let country = country
                    .as_deref()
                    .map_or(String::new(), |country| format!(", {country}"));
                format!(
                    "{} ({}{country}) bekommt für {}: {}.",
                    title(name),
                    class_words(*class),
                    self.purpose_set(purposes),
                    self.field_set(fields)
                )
            }
            Outsider::Recipient { name, .. } => format!("{} bekommt nichts mehr.", title(name)),
            Outsider::Gets {
                comes,
                name,
                purpose,
                fields,
            } => format!(
                "{} bekommt für {} {}: {}.",
                title(name),
                self.purpose_words(*purpose),
                if *comes { "auch" } else { "nicht mehr" },
                self.field_set(fields)
            ),
            Outsider::Class { name, from, to } => {
                format!("{}: {}; bisher: {}.", title(name), class_words(*to), class_words(*from))
            }
            Outsider::Country { name, from, to } => format!(
                "{}: arbeitet in {} statt in {}.",
                title(name),
                country(to.as_deref()),
                country(from.as_deref())
            ),
            other => self.outsider(other),
        }
    }

    fn countries(&self, outsider: &Outsider) -> String {
        let list = |countries: &BTreeSet<String>| joined(countries.iter().cloned(), self.and());
        match outsider {
            Outsider::Nodes { comes: true, countries } => {
                format!("Datenverkehr darf auch durch diese Länder gehen: {}.", list(countries))
            }
            Outsider::Nodes {
                comes: false,
                countries,
            } => {
                format!("Datenverkehr geht nicht mehr durch diese Länder: {}.", list(countries))
            }
            Outsider::NodesSaid { comes: true, countries } => format!(
                "Jetzt wird gesagt, durch welche Länder Datenverkehr geht: {}.",
                list(countries)
            ),
            Outsider::NodesSaid {
                comes: false,
                countries,
            } => format!(
                "Es wird nicht mehr gesagt, durch welche Länder Datenverkehr geht; bisher: {}.",
                list(countries)
            ),
            Outsider::Processing { from, to } => format!(
                "Konten werden in {} geführt statt in {}.",
                country(to.as_deref()),
                country(from.as_deref())
            ),
            other => self.outsider(other),
        }
    }
}

fn title(name: &str) -> String {
    capitalised(&name.replace('-', " "))
}

fn before(age: Option<u8>) -> String {
    match age {
        Some(age) => format!("ab {age} Jahren"),
        None => "alle".to_owned(),
    }
}

const fn say(choice: Choice) -> &'static str {
    match choice {
        Choice::None => "ohne dass Sie gefragt werden",
        Choice::OptIn => "nur wenn Sie zustimmen",
        Choice::OptOut => "wenn Sie nicht widersprechen",
    }
}

const fn ground_of(basis: Basis) -> &'static str {
    match basis {
        Basis::Contract => "der Vertrag",
        Basis::Consent => "Ihre Einwilligung",
        Basis::Law => "eine gesetzliche Pflicht",
        Basis::Interest => "ein berechtigtes Interesse des Betreibers",
    }
}

/// The genitive behind `statt`.
const fn ground_before(basis: Basis) -> &'static str {
    match basis {
        Basis::Contract => "des Vertrags",
        Basis::Consent => "Ihrer Einwilligung",
        Basis::Law => "einer gesetzlichen Pflicht",
        Basis::Interest => "eines berechtigten Interesses des Betreibers",
    }
}

fn moment(when: Option<&str>) -> &'static str {
    match when {
        None => "jederzeit",
        Some("order") => "wenn Sie etwas bestellen",
        Some(_) => "wenn Sie um Hilfe bitten",
    }
}

const fn class_words(class: RecipientClass) -> &'static str {
    match class {
        RecipientClass::Processor => "vertraglich gebunden",
        RecipientClass::ThirdParty => "entscheidet selbst",
        RecipientClass::Resolver => "beantwortet Fragen nach Namen",
        RecipientClass::Partner => "wirbt mit dem Betreiber",
    }
}

fn country(country: Option<&str>) -> &str {
    country.unwrap_or("einem nicht genannten Land")
}

fn effective(effective: Effective, notice_days: u16) -> String {
    match effective {
        Effective::OnPosting => "mit der Veröffentlichung".to_owned(),
        Effective::AfterNotice => format!("{} nach Ihrer Benachrichtigung", days(notice_days)),
    }
}
