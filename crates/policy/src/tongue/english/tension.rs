//! Statements that pull apart, in English.

use plan::Surface;

use super::English;
use crate::tongue::{Tensions, Told, Vocabulary};

fn told(one: &str, other: &str, does: &str) -> Told {
    [one, other, does].map(str::to_owned)
}

impl Tensions for English {
    fn access_log_beside_promise(&self, promise: &str, surfaces: &[Surface]) -> Told {
        [
            format!("“{promise}”: nothing about what goes through the VPN tunnel is kept"),
            "an access log holds the time and the address of visits".to_owned(),
            format!(
                "The promise binds the tunnel, whose process has no file to write to. The access log is about {} alone; \
                 on the tunnel the same line does not compile.",
                self.surfaces(surfaces)
            ),
        ]
    }

    fn outsiders_beside_never_sold(&self) -> Told {
        told(
            "personal data is never sold or traded",
            "outsiders work for the operator, figures about many leave, and the business may change hands",
            "Each outsider is named with what it gets, and gets nothing unless it is enabled; figures need a minimum of \
             people behind them; a handover comes after a notice, during which everybody can erase their account.",
        )
    }

    fn gateway_beside_no_card_data(&self) -> Told {
        told(
            "card data is kept encrypted in a payment gateway's database",
            "card data is not stored after a transaction",
            "The database in question is the gateway's. This program accepts no card number and no code on any form; it \
             could hold only the gateway's reference.",
        )
    }

    fn change_on_posting_beside_consent(&self) -> Told {
        told(
            "a change of this policy takes effect when it is posted",
            "some uses depend on what a person was told and chose",
            "A change is for new data at once. Data that was collected earlier keeps the rule it was collected under, \
             and a choice once made is not widened by a new text.",
        )
    }

    fn two_readings_of_an_address(&self) -> Told {
        told(
            "no record of the sites you visit",
            "no record of an address assigned to you",
            "The original sentence can be read as either. The program keeps both readings: neither is ever kept.",
        )
    }

    fn device_model_beside_promise(&self) -> Told {
        told(
            "nothing sent from your device through the VPN is kept",
            "the kind of your device and the use of the site are counted",
            "What is known of a device comes from the account and the app, never from the tunnel; counts of use are \
             made of page views, never of traffic.",
        )
    }

    fn exceptions_beside_promise(&self, promise: &str, except: &[String]) -> Told {
        [
            format!("“{promise}”: nothing is kept"),
            format!("except: {}", except.join(", ")),
            "An exception is one statement with its own fields and its own end. It looks forward for one account only; \
             nothing from before can be found, because nothing was kept. This version of the program has none of these \
             captures built in."
                .to_owned(),
        ]
    }

    fn invoices_beside_nothing_financial(&self) -> Told {
        told(
            "nothing financial is stored after a purchase",
            "purchases are billed, and tax law asks for invoices",
            "The facts of an invoice may be kept (its number and its sum), no instrument of payment.",
        )
    }

    fn access_log_beside_reading(&self) -> Told {
        told(
            "everybody is asked to look at this policy often",
            "a visit to this page may be in the access log",
            "Reading the policy is a visit like any other and ends with the access log's keep; nothing else records who \
             read it.",
        )
    }
}
