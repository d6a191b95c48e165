//! What changes between two policies, in English.

use plan::{Basis, Changes, Choice, Effective, Never, RecipientClass, Telling};

use super::English;
use crate::difference::{Bound, Change, Datum, Direction, Named, Outsider, Rule, Sort, Verdict};
use crate::tongue::{DifferencePart, Differences, PageWords, Vocabulary, capitalised, joined};

impl Differences for English {
    fn difference_title(&self, old: &Named, new: &Named) -> String {
        format!(
            "From {} (version {}) to {} (version {})",
            old.file, old.version, new.file, new.version
        )
    }

    fn difference_part(&self, part: DifferencePart) -> &'static str {
        match part {
            DifferencePart::Significant => "What members must be told",
            DifferencePart::Narrower => "What becomes stricter",
            DifferencePart::Other => "What is said differently",
        }
    }

    fn verdict(&self, verdict: Verdict) -> &'static str {
        match verdict {
            Verdict::Same => "No difference.",
            Verdict::Wording => {
                "Wording only: both policies state the same facts; names, versions, dates, notes or clauses differ."
            }
            Verdict::Insignificant => "Nothing that members must be told first: nothing becomes wider.",
            Verdict::Significant => "A significant change.",
        }
    }

    fn must_be_told(&self, rule: Changes) -> String {
        match rule.effective {
            Effective::AfterNotice => format!(
                "Members must be told {} ahead: the policy in force says so.",
                self.length(i64::from(rule.notice_days) * 86_400)
            ),
            Effective::OnPosting => {
                "Members must be told when it is posted: by the policy in force a change binds new \
                                     data from then on, and data already held keeps the rule it was collected under."
                    .to_owned()
            }
        }
    }

    fn tag(&self, change: &Change) -> &'static str {
        match (change.sort(), change.direction()) {
            (Sort::Thing, Direction::Wider) => "NEW",
            (Sort::Thing, Direction::Narrower) => "GONE",
            (Sort::Length, Direction::Wider) => "LONGER",
            (Sort::Length, Direction::Narrower) => "SHORTER",
            (Sort::Right, Direction::Wider) => "WEAKER",
            (Sort::Right, Direction::Narrower) => "STRONGER",
            (_, Direction::Level) => "OTHER",
        }
    }

    fn datum(&self, datum: &Datum) -> String {
        let fields = capitalised(&self.field_set(datum.fields()));
        match datum {
            Datum::Field { comes: true, .. } => self.new_field(datum),
            Datum::Field { surfaces, .. } => format!("{fields}: not collected any more {}.", self.places(surfaces)),
            Datum::Purpose {
                comes, purpose, choice, ..
            } => match (comes, choice) {
                (true, Choice::None) => format!("{fields}: also used to {}.", purpose.words()),
                (true, Choice::OptIn) => format!("{fields}: if you say yes, also used to {}.", purpose.words()),
                (true, Choice::OptOut) => format!("{fields}: unless you say no, also used to {}.", purpose.words()),
                (false, _) => format!("{fields}: not used any more to {}.", purpose.words()),
            },
            Datum::Place {
                comes,
                surfaces,
                purpose,
                ..
            } => match comes {
                true => format!(
                    "{fields}: also collected {}, in order to {}.",
                    self.places(surfaces),
                    purpose.words()
                ),
                false => format!(
                    "{fields}: not collected any more {} in order to {}.",
                    self.places(surfaces),
                    purpose.words()
                ),
            },
            Datum::Keep { from, to, .. } => {
                format!("{fields}: kept {}; before: {}.", self.keep(*to), self.keep(*from))
            }
            Datum::Say { purpose, from, to, .. } => format!(
                "{fields}, in order to {}: {} instead of {}.",
                purpose.words(),
                say(*to),
                say(*from)
            ),
            Datum::Basis { from, to, .. } => format!(
                "{fields}: held on the ground of {} instead of {}.",
                ground_of(*to),
                ground_of(*from)
            ),
            Datum::Grain { to, .. } => match to {
                Some(grain) => format!("{fields}: {}", self.grain(*grain)),
                None => format!("{fields}: may be counted more finely."),
            },
            Datum::Required { to: true, .. } => format!("{fields}: there is no account without it."),
            Datum::Required { to: false, .. } => format!("{fields}: not needed for an account any more."),
            Datum::Moment { from, to, .. } => format!(
                "{fields}: collected {} instead of {}.",
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
                "Promised {}: never to keep {}.",
                self.on(*surface),
                self.field_set(fields)
            ),
            Bound::Promise {
                comes: false,
                surface,
                fields,
            } => format!(
                "No longer promised {}: never to keep {}.",
                self.on(*surface),
                self.field_set(fields)
            ),
            Bound::Except {
                comes,
                surface,
                exception,
                fields,
            } => format!(
                "The promise {} {} the exception {exception} for: {}.",
                self.on(*surface),
                if *comes { "gets" } else { "loses" },
                self.field_set(fields)
            ),
            Bound::Refuse { comes: true, fields } => format!("Not even accepted: {}.", self.field_set(fields)),
            Bound::Refuse { comes: false, fields } => format!("No longer refused: {}.", self.field_set(fields)),
            Bound::Never { comes: true, never } => self.never(*never).to_owned(),
            Bound::Never { comes: false, never } => match never {
                Never::Sell => {
                    "It is no longer promised that your data is never sold, traded or rented out.".to_owned()
                }
                Never::Profile => "It is no longer promised that no profile of you is made for advertising.".to_owned(),
            },
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
                    (true, true) => format!("The cookie {name} is set {place}, in order to {purposes}."),
                    (true, false) => format!("The cookie {name} is also used {place} to {purposes}."),
                    (false, true) => format!("The cookie {name} is not set any more."),
                    (false, false) => format!("The cookie {name} is not used any more {place} to {purposes}."),
                }
            }
        }
    }

    fn outsider(&self, outsider: &Outsider) -> String {
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
                    .map_or(String::new(), |country| format!(" in {country}"));
                format!(
                    "{} ({}{country}) gets {} in order to {}.",
                    title(name),
                    class_words(*class),
                    self.field_set(fields),
                    self.purpose_set(purposes)
                )
            }
            Outsider::Recipient { comes: false, name, .. } => format!("{} gets nothing any more.", title(name)),
            Outsider::Gets {
                comes,
                name,
                purpose,
                fields,
            } => {
                let (name, fields) = (title(name), self.field_set(fields));
                match comes {
                    true => format!("{name} also gets {fields} in order to {}.", purpose.words()),
                    false => format!("{name} does not get {fields} any more in order to {}.", purpose.words()),
                }
            }
            Outsider::Class { name, from, to } => {
                format!(
                    "{}: {} instead of {}.",
                    title(name),
                    class_words(*to),
                    class_words(*from)
                )
            }
            Outsider::Country { name, from, to } => format!(
                "{}: works in {} instead of {}.",
                title(name),
                country(to.as_deref()),
                country(from.as_deref())
            ),
            Outsider::Approvals { ground, from, to } => format!(
                "Disclosure in order to {}: {to} of the staff must agree instead of {from}.",
                self.ground(ground)
            ),
            Outsider::Tell { ground, to } => {
                format!("Disclosure in order to {}: {}", self.ground(ground), self.told(*to))
            }
            Outsider::People { fields, from, to } => format!(
                "Figures counted from {}: at least {to} people behind each instead of {from}.",
                self.field_set(fields)
            ),
            Outsider::HandoverNotice { from_days, to_days } => {
                format!("If the business changes hands, you are told {to_days} days before instead of {from_days}.")
            }
            Outsider::Processing { from, to } => format!(
                "Accounts are kept in {} instead of {}.",
                country(to.as_deref()),
                country(from.as_deref())
            ),
            Outsider::Ground { .. }
            | Outsider::Figures { .. }
            | Outsider::Source { .. }
            | Outsider::Nodes { .. }
            | Outsider::NodesSaid { .. }
            | Outsider::Handover { .. } => self.outsider_comes_or_goes(outsider),
        }
    }

    fn rule(&self, rule: &Rule) -> String {
        match rule {
            Rule::Audience { from, to } => match (from, to) {
                (_, Some(to)) => format!("Only who is {to} or older may join; {}.", before(*from)),
                (_, None) => format!("Everybody may join; {}.", before(*from)),
            },
            Rule::Within {
                from_seconds,
                to_seconds,
            } => format!(
                "Your requests are answered within {} instead of {}.",
                self.length(*to_seconds),
                self.length(*from_seconds)
            ),
            Rule::Correct { to: true } => "What is wrong about you is put right.".to_owned(),
            Rule::Correct { to: false } => "It is no longer said that what is wrong about you is put right.".to_owned(),
            Rule::Effective {
                from,
                to,
                from_days,
                to_days,
            } => format!(
                "Later changes of the policy take effect {} instead of {}.",
                self.effective(*to, *to_days),
                self.effective(*from, *from_days)
            ),
            Rule::Told {
                comes: true,
                way: Telling::SignIn,
            } => "Whoever signs in is shown that the policy has changed.".to_owned(),
            Rule::Told {
                comes: false,
                way: Telling::SignIn,
            } => "It is no longer promised that whoever signs in is shown a change of the policy.".to_owned(),
            Rule::Controller { from, to } => format!("{to} answers for your data instead of {from}."),
            Rule::Contact { from, to } => format!("Questions go to {to} instead of {from}."),
            Rule::Scope { comes: true, surfaces } => {
                format!(
                    "The policy also speaks of {}.",
                    self.surfaces(&surfaces.iter().copied().collect::<Vec<_>>())
                )
            }
            Rule::Scope { comes: false, surfaces } => format!(
                "The policy does not speak any more of {}.",
                self.surfaces(&surfaces.iter().copied().collect::<Vec<_>>())
            ),
            Rule::SwitchedOff { name } => format!("{} is described differently and gets nothing.", title(name)),
            Rule::Arrangement(kinds) => format!(
                "The same is said in other statements or under other names ({}).",
                kinds.iter().cloned().collect::<Vec<_>>().join(", ")
            ),
        }
    }
}

impl English {
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
            Some("debug-capture") => ", only while a fault of yours is searched for and you know of it",
            Some(_) => ", only after a lawful order for one account",
        };
        let uses = purposes.iter().map(|(purpose, choice)| {
            let say = match choice {
                Choice::None => "",
                Choice::OptIn => " (only if you say yes)",
                Choice::OptOut => " (unless you say no)",
            };
            format!("{}{say}", purpose.words())
        });
        format!(
            "{}: collected {}{exception}, in order to {}; kept {}.",
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
            } => match comes {
                true => format!(
                    "{}, the program looks at {} in memory in order to {}.",
                    capitalised(self.on(*surface)),
                    self.field_set(fields),
                    purpose.words()
                ),
                false => format!(
                    "{}, the program does not look any more at {} in order to {}.",
                    capitalised(self.on(*surface)),
                    self.field_set(fields),
                    purpose.words()
                ),
            },
            Bound::Memory {
                surface,
                fields,
                from_seconds,
                to_seconds,
            } => format!(
                "{}, what the program looks at in memory is forgotten within {} instead of {}: {}.",
                capitalised(self.on(*surface)),
                self.length(*to_seconds),
                self.length(*from_seconds),
                self.field_set(fields)
            ),
            Bound::Count { comes: true, fields } => format!("Counted: {}.", self.field_set(fields)),
            Bound::Count { comes: false, fields } => format!("Not counted any more: {}.", self.field_set(fields)),
            Bound::Promise { .. }
            | Bound::Except { .. }
            | Bound::Refuse { .. }
            | Bound::Never { .. }
            | Bound::Cookie { .. } => self.bound(bound),
        }
    }

    fn effective(&self, effective: Effective, days: u16) -> String {
        match effective {
            Effective::OnPosting => "when they are posted".to_owned(),
            Effective::AfterNotice => format!("{} after you are told", self.length(i64::from(days) * 86_400)),
        }
    }

    fn outsider_comes_or_goes(&self, outsider: &Outsider) -> String {
        let countries = |countries: &std::collections::BTreeSet<String>| {
            self.names(&countries.iter().map(String::as_str).collect::<Vec<_>>())
        };
        match outsider {
            Outsider::Ground { comes, ground } => match comes {
                true => format!("Data may be disclosed in order to {}.", self.ground(ground)),
                false => format!("Data is not disclosed any more in order to {}.", self.ground(ground)),
            },
            Outsider::Figures { comes, purpose, fields } => format!(
                "Figures counted from {} {} in order to {}.",
                self.field_set(fields),
                if *comes { "may leave" } else { "do not leave any more" },
                purpose.words()
            ),
            Outsider::Source { comes, name, fields } => {
                let (fields, name) = (capitalised(&self.field_set(fields)), name.replace('-', " "));
                match comes {
                    true => format!("{fields}: may come from elsewhere as well ({name})."),
                    false => format!("{fields}: does not come from elsewhere any more ({name})."),
                }
            }
            Outsider::Nodes {
                comes: true,
                countries: set,
            } => format!("Traffic may also go through: {}.", countries(set)),
            Outsider::Nodes {
                comes: false,
                countries: set,
            } => {
                format!("Traffic does not go any more through: {}.", countries(set))
            }
            Outsider::NodesSaid {
                comes: true,
                countries: set,
            } => {
                format!(
                    "It is said now through which countries traffic goes: {}.",
                    countries(set)
                )
            }
            Outsider::NodesSaid {
                comes: false,
                countries: set,
            } => format!(
                "It is not said any more through which countries traffic goes; it was: {}.",
                countries(set)
            ),
            Outsider::Handover {
                comes: true,
                notice_days,
            } => {
                format!("The business may change hands, and your data with it; you are told {notice_days} days before.")
            }
            Outsider::Handover { comes: false, .. } => "Your data does not change hands with the business.".to_owned(),
            other => self.outsider(other),
        }
    }
}

fn title(name: &str) -> String {
    capitalised(&name.replace('-', " "))
}

fn before(age: Option<u8>) -> String {
    match age {
        Some(age) => format!("before, who is {age} or older"),
        None => "before, everybody".to_owned(),
    }
}

const fn say(choice: Choice) -> &'static str {
    match choice {
        Choice::None => "you have no say",
        Choice::OptIn => "only if you say yes",
        Choice::OptOut => "unless you say no",
    }
}

const fn ground_of(basis: Basis) -> &'static str {
    match basis {
        Basis::Contract => "the contract",
        Basis::Consent => "your consent",
        Basis::Law => "a legal obligation",
        Basis::Interest => "the operator’s legitimate interest",
    }
}

fn moment(when: Option<&str>) -> &'static str {
    match when {
        None => "at any time",
        Some("order") => "when you order something",
        Some(_) => "when you ask for help",
    }
}

const fn class_words(class: RecipientClass) -> &'static str {
    match class {
        RecipientClass::Processor => "bound by an agreement",
        RecipientClass::ThirdParty => "decides for itself",
        RecipientClass::Resolver => "answers for names",
        RecipientClass::Partner => "advertises with the operator",
    }
}

fn country(country: Option<&str>) -> &str {
    country.unwrap_or("a country that is not said")
}
