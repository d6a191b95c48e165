//! The closed list of statements, for `candor policy statements` and for the test that asks SQLite what each really
//! touches.

use std::fmt;

use plan::{FieldId, Plan, PurposeId};

use crate::engine::Dialect;
use crate::held::HELD;
use crate::open::Catalogue;
use crate::place::{KEYS_FILE, ROWS_FILE};
use crate::row::declared;
use crate::schema::Schema;
use crate::statement::{Statement, Touch};
use crate::table::Table;
use crate::{keys, rights, schema, subject};

/// The file that holds what is known about people.
const ROWS: &str = ROWS_FILE;
/// The file that holds their keys.
const KEYS: &str = KEYS_FILE;

/// One statement of the list.
#[derive(Clone, Debug)]
pub struct Listed {
    /// Its name: `device.of`.
    pub name: String,
    /// The file that it is sent to.
    pub file: &'static str,
    /// Its text.
    pub sql: &'static str,
    /// The tables and columns that it may touch.
    pub touches: Vec<Touch>,
    /// The fields that these columns hold; for `held`, whichever the policy declares.
    pub fields: Vec<FieldId>,
    /// What it is for; `None` for what follows from a table: insert, export, erase, sweep.
    pub purpose: Option<PurposeId>,
    tables: Vec<&'static Table>,
    written: Option<Statement>,
}

/// Every statement of the program: of `held`, of the store's own books, of each table, and those that services wrote.
/// Beside them the program sends what makes the schema ([`definition_list`]) and what reads it back, `PRAGMA`s and
/// settings, `VACUUM`, and the words that begin and end a transaction.
#[must_use]
pub fn statement_list(catalogues: &[Catalogue]) -> Vec<Listed> {
    let known: Vec<&'static Table> = catalogues
        .iter()
        .flat_map(|catalogue| catalogue.tables)
        .copied()
        .collect();
    let mut list: Vec<Listed> = HELD.iter().map(|statement| written(statement, &[])).collect();
    for (file, statements) in [
        (ROWS, subject::STATEMENTS),
        (ROWS, schema::STATEMENTS),
        (ROWS, rights::STATEMENTS),
        (KEYS, keys::STATEMENTS),
    ] {
        list.extend(statements.iter().map(|statement| own(file, statement)));
    }
    list.extend(known.iter().flat_map(|table| generated(table)));
    list.extend(
        catalogues
            .iter()
            .flat_map(|catalogue| catalogue.statements)
            .map(|statement| written(statement, &known)),
    );
    list
}

/// What makes the schema when every table is declared, in SQLite's words: (file, text), tables before their indexes.
#[must_use]
pub fn definition_list(catalogues: &[Catalogue]) -> Vec<(&'static str, &'static str)> {
    let tables = catalogues.iter().flat_map(|catalogue| catalogue.tables);
    let rows = Schema::of(&tables.copied().collect::<Vec<_>>()).texts();
    let keys = Schema::of_keys(Dialect::Sqlite).texts();
    let keys = keys.into_iter().map(|sql| (KEYS, sql));
    rows.into_iter().map(|sql| (ROWS, sql)).chain(keys).collect()
}

fn own(file: &'static str, (name, sql, table): &(&str, &'static str, &'static str)) -> Listed {
    Listed {
        name: (*name).to_owned(),
        file,
        sql,
        touches: vec![Touch { table, columns: None }],
        fields: Vec::new(),
        purpose: None,
        tables: Vec::new(),
        written: None,
    }
}

fn written(statement: &Statement, known: &[&'static Table]) -> Listed {
    let touched = |table: &&&'static Table| statement.touches.iter().any(|touch| touch.table == table.shape.name);
    let tables: Vec<&'static Table> = known.iter().filter(touched).copied().collect();
    Listed {
        name: statement.name.to_owned(),
        file: ROWS,
        sql: statement.sql,
        touches: statement.touches.to_vec(),
        fields: fields_of(&tables),
        purpose: Some(statement.purpose),
        tables,
        // Those of the store itself name no table of a service.
        written: Some(*statement).filter(|_| !known.is_empty()),
    }
}

fn generated(table: &'static Table) -> Vec<Listed> {
    let mut texts = vec![
        ("insert", table.insert),
        ("upsert", table.upsert),
        ("export", table.export),
        ("erase", table.erase),
        ("owners", table.owners),
        ("count_rows", table.count),
        ("clear", table.clear),
        ("stored", table.stored),
    ];
    if table.shape.expires {
        texts.push(("sweep", table.sweep));
        texts.push(("shorten", table.shorten));
    }
    let listed = |(what, sql): (&str, &'static str)| Listed {
        name: format!("{}.{what}", table.shape.name),
        file: ROWS,
        sql,
        touches: vec![Touch {
            table: table.shape.name,
            columns: None,
        }],
        fields: fields_of(&[table]),
        purpose: None,
        tables: vec![table],
        written: None,
    };
    texts.into_iter().map(listed).collect()
}

fn fields_of(tables: &[&'static Table]) -> Vec<FieldId> {
    let mut fields: Vec<FieldId> = tables.iter().flat_map(|table| table.shape.fields()).collect();
    fields.sort_unstable();
    fields.dedup();
    fields
}

impl Listed {
    /// Whether a policy makes the statement available: it declares every field of its tables, and the statement's purpose
    /// for those that it touches.
    #[must_use]
    pub fn is_available(&self, plan: &Plan) -> bool {
        if let Some(statement) = &self.written {
            return statement.is_available(plan, &self.tables);
        }
        self.tables.iter().all(|table| declared(plan, table).is_ok())
    }
}

impl fmt::Display for Listed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fields: Vec<&str> = self.fields.iter().map(|field| field.key()).collect();
        let is_held = self.touches.iter().any(|touch| touch.table == "held");
        let fields = match (fields.is_empty(), is_held) {
            (false, _) => fields.join(" "),
            (true, true) => "whichever the policy declares".to_owned(),
            (true, false) => "none".to_owned(),
        };
        let purpose = self
            .purpose
            .map_or("every right and limit of the table", PurposeId::key);
        write!(
            f,
            "{}\n  {}\n  fields: {fields}\n  purpose: {purpose}",
            self.name, self.sql
        )
    }
}
