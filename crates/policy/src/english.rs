//! Parts of sentences, made from the words of the catalogues.

use plan::{Basis, Choice, Collect, FieldId, Keep, PurposeId, Until, Upkeep};

use crate::length;

/// `a`, `a and b`, `a, b and c`.
pub(crate) fn list<T: AsRef<str>>(items: &[T]) -> String {
    match items {
        [] => String::new(),
        [one] => one.as_ref().to_owned(),
        [first @ .., last] => {
            let first: Vec<&str> = first.iter().map(AsRef::as_ref).collect();
            format!("{} and {}", first.join(", "), last.as_ref())
        }
    }
}

/// The fields in words, joined.
pub(crate) fn fields(fields: &[FieldId]) -> String {
    list(&fields.iter().map(|field| field.words()).collect::<Vec<_>>())
}

/// The purposes in words, joined.
pub(crate) fn purposes(purposes: &[PurposeId]) -> String {
    list(&purposes.iter().map(|purpose| purpose.words()).collect::<Vec<_>>())
}

/// With a capital letter at its beginning.
pub(crate) fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    match characters.next() {
        Some(first) => first.to_uppercase().chain(characters).collect(),
        None => String::new(),
    }
}

/// How long something is kept: `for 14 days`, `until you close your account`.
pub(crate) fn keep(keep: Keep) -> String {
    let mut text = match (keep.until, keep.seconds) {
        (None, seconds) => format!("for {}", length::words(seconds.unwrap_or(0))),
        (Some(until), None) => until_words(until).to_owned(),
        (Some(until), Some(seconds)) => {
            format!("{}, and for {} at most", until_words(until), length::words(seconds))
        }
    };
    match keep.plus {
        None => {}
        Some(Upkeep::Seconds(seconds)) => text.push_str(&format!(", and {} after that", length::words(seconds))),
        Some(Upkeep::TaxLaw) => text.push_str(", and the facts of an invoice as long as tax law demands"),
    }
    text
}

const fn until_words(until: Until) -> &'static str {
    match until {
        Until::AccountClosed => "until you close your account",
        Until::TicketResolved => "until your request is resolved",
        Until::Deleted => "until you delete it",
    }
}

/// On what ground, as the end of `It is held …`.
pub(crate) const fn basis(basis: Basis) -> &'static str {
    match basis {
        Basis::Contract => "because the service cannot be given without it (contract)",
        Basis::Consent => "because you said yes; you can take that back (consent)",
        Basis::Law => "because the law demands it (legal obligation)",
        Basis::Interest => "because the operator has a reason that yours does not outweigh (legitimate interest)",
    }
}

/// What it is used for, one sentence for each kind of say that a person has.
pub(crate) fn uses(collect: &Collect) -> Vec<String> {
    let of = |wanted: Choice| -> Vec<PurposeId> {
        let purposes = collect.purposes.iter().filter(|(_, choice)| *choice == wanted);
        purposes.map(|(purpose, _)| *purpose).collect()
    };
    [
        (Choice::None, "Used to", "."),
        (Choice::OptIn, "Only if you say yes, used to", "."),
        (
            Choice::OptOut,
            "Unless you say no, also used to",
            "; you can say no at any time.",
        ),
    ]
    .into_iter()
    .filter(|(choice, ..)| !of(*choice).is_empty())
    .map(|(choice, start, end)| format!("{start} {}{end}", purposes(&of(choice))))
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_and_keeps_read_as_english() {
        assert_eq!(list::<&str>(&[]), "");
        assert_eq!(list(&["a"]), "a");
        assert_eq!(list(&["a", "b", "c"]), "a, b and c");
        assert_eq!(capitalised("é-mail"), "É-mail");
        let ticket = Keep {
            seconds: Some(14 * 86_400),
            until: Some(Until::TicketResolved),
            plus: None,
        };
        assert_eq!(keep(ticket), "until your request is resolved, and for 14 days at most");
        let invoice = Keep {
            seconds: None,
            until: Some(Until::AccountClosed),
            plus: Some(Upkeep::TaxLaw),
        };
        assert_eq!(
            keep(invoice),
            "until you close your account, and the facts of an invoice as long as tax law demands"
        );
    }
}
