//! SQLite itself says what each statement touches; it is what the statement declares.

use lab::authorizer::disagreements;
use plan::field::{UsageBytes, UsageDay};
use plan::{MemberId, PurposeId};
use store::{Catalogue, Row as _, Statement, Touch};

/// What every service brings to the store.
const SERVICES: &[Catalogue] = &[account::CATALOGUE];

#[test]
fn every_statement_of_every_service_touches_exactly_what_it_declares() {
    let disagreements = disagreements(SERVICES);
    assert!(disagreements.is_empty(), "{disagreements:#?}");
}

#[test]
fn the_closed_list_has_no_two_statements_of_one_name_and_says_what_for() {
    let list = store::statement_list(SERVICES);
    let names: std::collections::BTreeSet<&str> = list.iter().map(|listed| listed.name.as_str()).collect();
    assert_eq!(names.len(), list.len());
    let usage = list
        .iter()
        .find(|listed| listed.name == "usage.of")
        .expect("there is usage");
    assert!(!usage.fields.is_empty() && usage.purpose.is_some());
}

store::table! {
    /// Use, for planting offences.
    struct Usage in "usage" {
        /// Whose.
        owner member: MemberId,
        /// On which day.
        plain("counted") day: UsageDay,
        /// How much.
        plain("counted") bytes: UsageBytes,
    }
    primary key (member, day);
    expires;
}

const fn planted(sql: &'static str, touches: &'static [Touch]) -> Statement {
    Statement {
        name: "planted",
        sql,
        touches,
        purpose: PurposeId::Billing,
    }
}

const BYTES: &[Touch] = &[Touch {
    table: "usage",
    columns: Some(&["bytes", "expires_at"]),
}];

const PLANTED: &[(Statement, &str)] = &[
    (
        planted("SELECT SUM(bytes), MIN(day) FROM usage WHERE expires_at > $1", BYTES),
        "planted: touches [\"day\"] of usage beyond what it declares",
    ),
    (
        planted("SELECT COUNT(*) FROM usage WHERE expires_at > $1", BYTES),
        "planted: declares [\"bytes\"] of usage and does not touch them",
    ),
    (
        planted("SELECT SUM(bytes) FROM usage, held WHERE usage.expires_at > $1", BYTES),
        "planted: touches the table held, which it does not declare",
    ),
    (
        planted(
            "SELECT SUM(bytes) FROM usage",
            &[Touch {
                table: "usage",
                columns: None,
            }],
        ),
        "planted: reads usage without looking at expires_at",
    ),
    (
        planted("SELECT bytes, host FROM usage WHERE expires_at > $1", BYTES),
        "planted: no such column: host",
    ),
];

#[test]
fn a_planted_offence_is_found() {
    for (index, (statement, expected)) in PLANTED.iter().enumerate() {
        let catalogue = Catalogue {
            tables: &[Usage::TABLE],
            statements: std::slice::from_ref(&PLANTED[index].0),
        };
        let found = disagreements(&[catalogue]);
        assert_eq!(found, [*expected], "{}", statement.sql);
    }
}
