//! The long page in English.

use plan::{
    Basis, Changes, Choice, Collect, Disclose, Effective, FieldId, Grain, Keep, Never, PurposeId, Recipient,
    RecipientClass, Rights, Surface,
};

use super::English;
use crate::tongue::{Heading, Mark, PageWords, Part, Title, Vocabulary, capitalised};

impl PageWords for English {
    fn part(&self, part: Part) -> Heading {
        match part {
            Part::Never => ("What is never kept", "The program has nowhere to put these."),
            Part::Kept => (
                "What is kept",
                "Nothing else about you is stored, and everything here ends by itself.",
            ),
            Part::Memory => (
                "What is looked at and forgotten",
                "This happens in memory; none of it is written down.",
            ),
            Part::Others => (
                "Who else gets something",
                "Everybody outside the operator who gets, or could get, anything.",
            ),
            Part::Rights => ("Your rights", "These are the same for everybody, wherever you live."),
            Part::Apart => (
                "Statements that pull apart",
                "Where two statements of this policy pull apart, the program has to do one thing.",
            ),
            Part::Notes => ("In the operator's own words", "No code makes these true."),
        }
    }

    fn mark(&self, mark: Mark) -> &'static str {
        match mark {
            Mark::NotCollected => "declared, not collected by this version",
            Mark::NotDone => "declared, not done by this version",
            Mark::AddedBySoftware => "added by the software",
            Mark::OperatorsWords => "operator's words, not enforced",
            Mark::SwitchedOff => "switched off",
        }
    }

    fn title(&self, title: Title) -> &'static str {
        match title {
            Title::NotAccepted => "Not accepted",
            Title::NotDone => "Not done",
            Title::Disclosure => "Disclosure",
            Title::Countries => "Countries",
            Title::Handover => "Handover",
            Title::Export => "Take your data with you",
            Title::Erase => "Have it erased",
            Title::Floor => "Every keep has an end; card numbers and card codes are never stored",
            Title::Correct => "Correct it",
            Title::Ask => "Ask",
            Title::Audience => "Who may join",
            Title::Changes => "Changes of this policy",
            Title::Scope => "Where it applies",
            Title::Note => "Note",
        }
    }

    fn promise_title(&self, name: &str) -> String {
        format!("Promise: {name}")
    }

    fn promise_holds(&self, surface: Surface, never: &[FieldId]) -> String {
        format!(
            "{}, these are never written down, and go nowhere but the way you send them: {}.",
            capitalised(self.on(surface)),
            self.fields(never)
        )
    }

    fn promise_excepts(&self, names: &[&str]) -> String {
        format!(
            "The only exceptions are the statements named {}, each with its own bounds, for one account at a time and \
             never for the past.",
            self.names(names)
        )
    }

    fn refused(&self, fields: &[FieldId]) -> String {
        format!(
            "The program does not even accept {}: no form has a place for it, and a request that brings it is refused.",
            self.fields(fields)
        )
    }

    fn never(&self, never: Never) -> &'static str {
        match never {
            Never::Sell => "Your personal data is never sold, traded or rented out.",
            Never::Profile => "No profile of you is made for advertising.",
        }
    }

    fn where_met(&self, collect: &Collect) -> String {
        let moment = match (collect.capability.as_deref(), collect.when.as_deref()) {
            (Some("debug-capture"), _) => ", only while a fault of yours is searched for and you know of it",
            (Some(_), _) => ", only after a lawful order for one account, from then on",
            (None, Some("order")) => ", only when you order something",
            (None, Some(_)) => ", only when you ask for help",
            (None, None) if collect.required => ", and needed: there is no account without it",
            (None, None) => "",
        };
        format!("Met on {}{moment}.", self.surfaces(&collect.surfaces))
    }

    fn uses(&self, collect: &Collect) -> Vec<String> {
        let said = [
            (Choice::None, "Used to", "."),
            (Choice::OptIn, "Only if you say yes, used to", "."),
            (
                Choice::OptOut,
                "Unless you say no, also used to",
                "; you can say no at any time.",
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
        format!("Kept {}.", self.keep(keep))
    }

    fn grain(&self, grain: Grain) -> &'static str {
        match grain {
            Grain::AccountDay => "One figure for each account and day; nothing finer.",
        }
    }

    fn held_because(&self, basis: Basis) -> &'static str {
        match basis {
            Basis::Contract => "It is held because the service cannot be given without it (contract).",
            Basis::Consent => "It is held because you said yes; you can take that back (consent).",
            Basis::Law => "It is held because the law demands it (legal obligation).",
            Basis::Interest => {
                "It is held because the operator has a reason that yours does not outweigh (legitimate interest)."
            }
        }
    }

    fn goes_to(&self, names: &[&str]) -> String {
        match names.is_empty() {
            true => "No outsider gets it.".to_owned(),
            false => format!("It goes to {} as well; see below.", self.names(names)),
        }
    }

    fn access_log(&self) -> &'static str {
        "It is linked to no account; whoever comes from the same address sees it there and can delete it."
    }

    fn not_in_this_version(&self, fields: &[FieldId], purposes: &[PurposeId]) -> String {
        let mut left_out = Vec::new();
        if !fields.is_empty() {
            left_out.push(format!("collect {}", self.fields(fields)));
        }
        if !purposes.is_empty() {
            left_out.push(format!("use it to {}", self.purposes(purposes)));
        }
        format!(
            "This version of the program does not {}.",
            left_out.join(" and does not ")
        )
    }

    fn process(&self, surface: Surface, fields: &[FieldId], purposes: &[PurposeId], ttl_seconds: i64) -> String {
        format!(
            "{}, the program looks at {} in order to {}. It forgets within {}.",
            capitalised(self.on(surface)),
            self.fields(fields),
            self.purposes(purposes),
            self.length(ttl_seconds)
        )
    }

    fn process_emits(&self, fields: &[FieldId]) -> String {
        match fields.is_empty() {
            true => "Nothing comes out of it.".to_owned(),
            false => format!("What comes out of it is a count: {}.", self.fields(fields)),
        }
    }

    fn resolver(&self, gets: &[FieldId]) -> String {
        format!(
            "The name server that your device asks, through the tunnel, for {}. Your device sends this itself, as it \
             sends all its traffic; the program keeps none of it.",
            self.fields(gets)
        )
    }

    fn recipient(&self, title: &str, recipient: &Recipient) -> String {
        let kind = match recipient.class {
            RecipientClass::Processor => "works on the operator’s behalf and is bound by an agreement",
            RecipientClass::ThirdParty => "decides for itself what it does with what it gets; read its own policy",
            RecipientClass::Partner => "is a business that the operator advertises with",
            RecipientClass::Resolver => "answers for names",
        };
        let country = recipient.country.as_deref();
        let country = country.map_or(String::new(), |country| format!(", in {country}"));
        format!("{title}{country}: it {kind}.")
    }

    fn recipient_gets(&self, gets: &[FieldId], purposes: &[PurposeId]) -> String {
        format!(
            "It would get {} in order to {}.",
            self.fields(gets),
            self.purposes(purposes)
        )
    }

    fn follows_people(&self) -> &'static str {
        "It follows people across other sites."
    }

    fn handed(&self, enabled: bool) -> &'static str {
        match enabled {
            true => "This version of the program has no way to hand anything to it.",
            false => "It gets nothing.",
        }
    }

    fn release_title(&self, name: &str) -> String {
        format!("Figures: {name}")
    }

    fn release(&self, fields: &[FieldId], purposes: &[PurposeId], k: u32) -> String {
        format!(
            "Figures counted from {} may be published or passed on in order to {}. A figure leaves only when at least \
             {k} people are behind it.",
            self.fields(fields),
            self.purposes(purposes)
        )
    }

    fn disclose(&self, disclose: &Disclose) -> String {
        let grounds: Vec<&str> = disclose.grounds.iter().map(|ground| self.ground(ground)).collect();
        format!(
            "Data may be disclosed in order to {}, when {} of the staff agree. What is not kept cannot be disclosed.",
            self.names(&grounds),
            disclose.approvals
        )
    }

    fn ground<'g>(&self, ground: &'g str) -> &'g str {
        match ground {
            "legal-order" => "obey a lawful order",
            "enforce-terms" => "enforce the terms of the service",
            "protect-safety" => "protect somebody’s rights, property or safety",
            other => other,
        }
    }

    fn told(&self, tell_subject: bool) -> &'static str {
        match tell_subject {
            true => "You are told, unless the law forbids it.",
            false => "You may not be told.",
        }
    }

    fn source_title(&self, name: &str) -> String {
        format!("Other source: {}", name.replace('-', " "))
    }

    fn source(&self, fields: &[FieldId]) -> String {
        format!("{} may come from there as well.", capitalised(&self.fields(fields)))
    }

    fn nodes(&self, countries: &[String]) -> String {
        format!("Machines that carry traffic may stand in: {}.", countries.join(", "))
    }

    fn processing(&self, country: &str) -> String {
        format!("Accounts are kept in: {country}.")
    }

    fn handover(&self, notice_days: u16) -> String {
        format!(
            "If the business changes hands, you are told {notice_days} days before, and can take your data and erase it \
             first."
        )
    }

    fn export(&self) -> &'static str {
        "You can export everything that is held under your account."
    }

    fn erase(&self) -> &'static str {
        "You can erase your account and everything that is held under it."
    }

    fn floor(&self) -> &'static str {
        "A policy that says otherwise does not start this program."
    }

    fn correct(&self) -> &'static str {
        "What is wrong about you is put right."
    }

    fn ask(&self, contact: &str, rights: Rights) -> String {
        format!(
            "Write to {contact}. You are answered within {} at the latest.",
            self.length(rights.within_seconds)
        )
    }

    fn audience(&self, min_age: Option<u8>) -> String {
        match min_age {
            Some(age) => format!("You must be {age} or older to join."),
            None => "Everybody may join.".to_owned(),
        }
    }

    fn changes(&self, changes: Changes) -> String {
        let mut text = match changes.effective {
            Effective::OnPosting => {
                "A new version binds new data when it is posted here. What is already held keeps the rule it was \
                 collected under. The date at the top tells you when the policy last changed."
                    .to_owned()
            }
            Effective::AfterNotice => format!(
                "A new version takes effect {} days after you are told of it. The date at the top tells you when the \
                 policy last changed.",
                changes.notice_days
            ),
        };
        match changes.by {
            None => {}
            Some(plan::Telling::SignIn) => text.push_str(" Whoever signs in is shown that it has changed."),
        }
        text
    }

    fn scope(&self, surfaces: &[Surface]) -> String {
        format!("This policy is about {}.", self.surfaces(surfaces))
    }

    fn apart(&self, tension: &crate::Tension) -> Vec<String> {
        vec![
            format!("One: {}.", tension.one),
            format!("The other: {}.", tension.other),
            format!(
                "These two statements pull apart; the program does this: {}",
                tension.does
            ),
        ]
    }
}
