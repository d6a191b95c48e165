//! What stands around the sentences, in English.

use plan::{CookieLife, Never, PurposeId, Surface};

use super::English;
use crate::tongue::{Frame, LabelBox, Vocabulary, capitalised};

impl Frame for English {
    fn page_title(&self, controller: &str) -> String {
        format!("Privacy policy of {controller}")
    }

    fn label_title(&self, controller: &str) -> String {
        format!("Privacy label of {controller}")
    }

    fn cookies_title(&self, controller: &str) -> String {
        format!("Cookies of {controller}")
    }

    fn meta(&self, date: Option<&str>, version: &str) -> String {
        match date {
            Some(date) => format!("Last changed on {date}, version {version}"),
            None => format!("Version {version}"),
        }
    }

    fn intro(&self) -> &'static str {
        "This page is written by the program from the policy that it was started with. What the policy does not \
         declare, the program has no place for."
    }

    fn in_short(&self) -> &'static str {
        "In short"
    }

    fn clauses(&self) -> &'static str {
        "clauses"
    }

    fn foot(&self, name: &str, digest: &str, version: &str) -> String {
        format!(
            "Policy “{name}”, plan digest {digest}, rendered by candor {version}. Small numbers such as S3.9 name the \
             clauses that a statement carries."
        )
    }

    fn run_by(&self, version: &str) -> String {
        format!("as candor {version} runs it")
    }

    fn label_box(&self, part: LabelBox) -> &'static str {
        match part {
            LabelBox::Collected => "Collected",
            LabelBox::Shared => "Shared",
            LabelBox::Kept => "Kept",
            LabelBox::Never => "Never",
        }
    }

    fn nothing_collected(&self) -> &'static str {
        "Nothing"
    }

    fn left_out(&self, count: usize) -> String {
        match count {
            1 => "1 more datum is declared and not collected by this version".to_owned(),
            count => format!("{count} more are declared and not collected by this version"),
        }
    }

    fn shared_with_nobody(&self) -> &'static str {
        "With nobody"
    }

    fn device_asks(&self) -> &'static str {
        "Your device itself asks a name server for the names it looks up"
    }

    fn on_orders(&self) -> &'static str {
        "On lawful orders, what is kept"
    }

    fn erased_on_request(&self) -> &'static str {
        "Your account and all of it: erased when you ask"
    }

    fn never_label(&self, never: Never) -> &'static str {
        match never {
            Never::Sell => "Selling your data",
            Never::Profile => "A profile of you for advertising",
        }
    }

    fn cookies(&self) -> &'static str {
        "Cookies"
    }

    fn no_cookie(&self) -> &'static str {
        "No cookie is set."
    }

    fn cookies_lead(&self) -> &'static str {
        "No other cookie can be set, and none by anybody else."
    }

    fn cookie_columns(&self) -> [&'static str; 5] {
        ["Name", "Where", "What for", "How long", "Set"]
    }

    fn cookie_where(&self, surface: Surface) -> &'static str {
        self.surface(surface)
    }

    fn cookie_purposes(&self, purposes: &[PurposeId]) -> String {
        capitalised(&self.purposes(purposes))
    }

    fn cookie_life(&self, life: CookieLife) -> &'static str {
        match life {
            CookieLife::Session => "until you close the browser",
        }
    }

    fn cookie_set(&self, set: bool) -> &'static str {
        match set {
            true => "yes",
            false => "no: declared, not set by this version",
        }
    }

    fn cookie_line(&self, row: &[String; 5]) -> String {
        let [name, surface, purpose, life, set] = row;
        format!("{name}, on {surface}: {purpose}; {life}; set: {set}")
    }
}
