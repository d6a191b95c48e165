//! SQL text, written at compile time from a table's description, so that every statement is a `&'static str`.

use plan::value::ColumnType;

use crate::table::{Column, Kind, Shape};

/// The longest SQL text that a table may need, in bytes; compiling fails beyond it.
const CAPACITY: usize = 2048;

/// A text that grows at compile time.
#[derive(Clone, Copy)]
pub struct Text {
    bytes: [u8; CAPACITY],
    length: usize,
}

impl Text {
    const fn new() -> Self {
        Self {
            bytes: [0; CAPACITY],
            length: 0,
        }
    }

    const fn push(mut self, text: &str) -> Self {
        let bytes = text.as_bytes();
        let mut index = 0;
        while index < bytes.len() {
            self.bytes[self.length] = bytes[index];
            self.length += 1;
            index += 1;
        }
        self
    }

    const fn without_comma(mut self) -> Self {
        self.length -= ", ".len();
        self
    }

    const fn push_place(self, number: usize) -> Self {
        assert!(number < 100);
        const DIGITS: [&str; 10] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];
        let text = self.push("$");
        let text = if number >= 10 {
            text.push(DIGITS[number / 10])
        } else {
            text
        };
        text.push(DIGITS[number % 10])
    }

    /// The text.
    pub const fn as_str(&self) -> &str {
        match core::str::from_utf8(self.bytes.split_at(self.length).0) {
            Ok(text) => text,
            Err(_) => panic!("SQL text is UTF-8"),
        }
    }
}

const fn push_names(mut text: Text, columns: &[Column]) -> Text {
    let mut index = 0;
    while index < columns.len() {
        if index > 0 {
            text = text.push(", ");
        }
        text = text.push(columns[index].name);
        if columns[index].kind.has_index() {
            text = text.push(", ").push(columns[index].name).push("_index");
        }
        index += 1;
    }
    text
}

const fn push_list(mut text: Text, names: &[&str]) -> Text {
    let mut index = 0;
    while index < names.len() {
        if index > 0 {
            text = text.push(", ");
        }
        text = text.push(names[index]);
        index += 1;
    }
    text
}

/// `CREATE TABLE` for SQLite.
#[must_use]
pub(crate) const fn create(table: &Shape) -> Text {
    let mut text = Text::new().push("CREATE TABLE ").push(table.name).push(" (");
    let mut index = 0;
    while index < table.columns.len() {
        let column = &table.columns[index];
        let column_type = match column.column_type {
            ColumnType::Integer => " INTEGER NOT NULL, ",
            ColumnType::Text => " TEXT NOT NULL, ",
            ColumnType::Bytes => " BLOB NOT NULL, ",
        };
        text = text.push(column.name).push(column_type);
        if matches!(column.kind, Kind::Owner) {
            // A row about somebody who was erased meanwhile is refused by the database itself.
            text = text.without_comma().push(" REFERENCES subject (id), ");
        }
        if column.kind.has_index() {
            let unique = if matches!(column.kind, Kind::Found) {
                " UNIQUE, "
            } else {
                ", "
            };
            text = text.push(column.name).push("_index BLOB NOT NULL").push(unique);
        }
        index += 1;
    }
    if table.expires {
        text = text.push("expires_at INTEGER NOT NULL, ");
    }
    push_list(text.push("PRIMARY KEY ("), table.primary_key).push(")) STRICT, WITHOUT ROWID")
}

/// `CREATE TABLE` for PostgreSQL, written as its catalogue is read back: columns, foreign key, primary key, unique values.
#[must_use]
pub(crate) const fn create_postgres(table: &Shape) -> Text {
    let mut text = Text::new().push("CREATE TABLE ").push(table.name).push(" (");
    let mut index = 0;
    while index < table.columns.len() {
        let column = &table.columns[index];
        let column_type = match column.column_type {
            ColumnType::Integer => " bigint NOT NULL, ",
            ColumnType::Text => " text COLLATE \"C\" NOT NULL, ",
            ColumnType::Bytes => " bytea NOT NULL, ",
        };
        text = text.push(column.name).push(column_type);
        if column.kind.has_index() {
            text = text.push(column.name).push("_index bytea NOT NULL, ");
        }
        index += 1;
    }
    if table.expires {
        text = text.push("expires_at bigint NOT NULL, ");
    }
    text = text
        .push("FOREIGN KEY (")
        .push(table.owner)
        .push(") REFERENCES subject(id), ");
    text = push_list(text.push("PRIMARY KEY ("), table.primary_key).push(")");
    index = 0;
    while index < table.columns.len() {
        if matches!(table.columns[index].kind, Kind::Found) {
            text = text.push(", UNIQUE (").push(table.columns[index].name).push("_index)");
        }
        index += 1;
    }
    text.push(")")
}

/// Tells PostgreSQL to take no samples of a table's values for its planner: they would outlive the rows.
#[must_use]
pub(crate) const fn unsampled(table: &Shape) -> Text {
    let mut text = Text::new().push("ALTER TABLE ").push(table.name).push(" ");
    let mut index = 0;
    while index < table.columns.len() {
        let name = table.columns[index].name;
        text = text.push("ALTER COLUMN ").push(name).push(" SET STATISTICS 0, ");
        if table.columns[index].kind.has_index() {
            text = text.push("ALTER COLUMN ").push(name).push("_index SET STATISTICS 0, ");
        }
        index += 1;
    }
    if table.expires {
        return text.push("ALTER COLUMN expires_at SET STATISTICS 0");
    }
    text.without_comma()
}

/// Writes a table of PostgreSQL's anew, so that no page holds deleted rows.
#[must_use]
pub(crate) const fn rewrite(table: &Shape) -> Text {
    Text::new().push("VACUUM (FULL) ").push(table.name)
}

/// `SELECT` of every row as it is stored, in the order of the primary key.
#[must_use]
pub(crate) const fn stored(table: &Shape) -> Text {
    let mut text = push_names(Text::new().push("SELECT "), table.columns);
    if table.expires {
        text = text.push(", expires_at");
    }
    text = text.push(" FROM ").push(table.name).push(" ORDER BY ");
    push_list(text, table.primary_key)
}

/// `CREATE INDEX` on the owner, for export and erase.
#[must_use]
pub(crate) const fn create_owner_index(table: &Shape) -> Text {
    let text = Text::new()
        .push("CREATE INDEX ")
        .push(table.name)
        .push("_by_owner ON ")
        .push(table.name);
    text.push(" (").push(table.owner).push(")")
}

/// `CREATE INDEX` on the expiry, for the sweep.
#[must_use]
pub(crate) const fn create_expiry_index(table: &Shape) -> Text {
    let text = Text::new()
        .push("CREATE INDEX ")
        .push(table.name)
        .push("_by_expiry ON ")
        .push(table.name);
    text.push(" (expires_at)")
}

/// `INSERT` of a whole row; the places follow the columns, an index after its column, the expiry last. A row whose place
/// is taken is not put and is no error of the database's: a server would write the values of an error into its log.
#[must_use]
pub(crate) const fn insert(table: &Shape) -> Text {
    insert_values(table).push(" ON CONFLICT DO NOTHING")
}

const fn insert_values(table: &Shape) -> Text {
    let mut text = push_names(
        Text::new().push("INSERT INTO ").push(table.name).push(" ("),
        table.columns,
    );
    if table.expires {
        text = text.push(", expires_at");
    }
    text = text.push(") VALUES (");
    let count = table.cell_count();
    let mut number = 1;
    while number <= count {
        if number > 1 {
            text = text.push(", ");
        }
        text = text.push_place(number);
        number += 1;
    }
    text.push(")")
}

/// `INSERT` that replaces the row of the same primary key and the same owner; nobody else's row is touched. An expiry
/// that runs stays; that of a row whose time is over starts anew, which takes the present instant as last place.
#[must_use]
pub(crate) const fn upsert(table: &Shape) -> Text {
    let mut text = push_list(insert_values(table).push(" ON CONFLICT ("), table.primary_key).push(") DO UPDATE SET ");
    let mut index = 0;
    while index < table.columns.len() {
        let name = table.columns[index].name;
        if index > 0 {
            text = text.push(", ");
        }
        text = text.push(name).push(" = excluded.").push(name);
        if table.columns[index].kind.has_index() {
            text = text
                .push(", ")
                .push(name)
                .push("_index = excluded.")
                .push(name)
                .push("_index");
        }
        index += 1;
    }
    if table.expires {
        text = text
            .push(", expires_at = CASE WHEN ")
            .push(table.name)
            .push(".expires_at <= ");
        text = text.push_place(table.cell_count() + 1);
        text = text
            .push(" THEN excluded.expires_at ELSE ")
            .push(table.name)
            .push(".expires_at END");
    }
    text = text.push(" WHERE ").push(table.name).push(".").push(table.owner);
    text.push(" = excluded.").push(table.owner)
}

/// `SELECT` of whole rows, with what follows `FROM table`.
#[must_use]
pub(crate) const fn select(table: &Shape, rest: &str) -> Text {
    let mut text = Text::new().push("SELECT ");
    let mut index = 0;
    while index < table.columns.len() {
        if index > 0 {
            text = text.push(", ");
        }
        text = text.push(table.columns[index].name);
        index += 1;
    }
    text.push(" FROM ").push(table.name).push(" ").push(rest)
}

/// `SELECT` of all that one owner has, for the export. A table that ends with time gives its expiry as last column.
#[must_use]
pub(crate) const fn export(table: &Shape) -> Text {
    let mut text = Text::new().push("SELECT ");
    let mut index = 0;
    while index < table.columns.len() {
        text = text.push(table.columns[index].name).push(", ");
        index += 1;
    }
    text = text.push(if table.expires {
        "expires_at"
    } else {
        "9223372036854775807"
    });
    text.push(" FROM ")
        .push(table.name)
        .push(" WHERE ")
        .push(table.owner)
        .push(" = $1 ORDER BY 1, 2")
}

/// `DELETE` of all that one owner has.
#[must_use]
pub(crate) const fn erase(table: &Shape) -> Text {
    Text::new()
        .push("DELETE FROM ")
        .push(table.name)
        .push(" WHERE ")
        .push(table.owner)
        .push(" = $1")
}

/// `DELETE` of what has expired.
#[must_use]
pub(crate) const fn sweep(table: &Shape) -> Text {
    Text::new()
        .push("DELETE FROM ")
        .push(table.name)
        .push(" WHERE expires_at <= $1")
}

/// `UPDATE` of the end of rows that the policy in force keeps for a shorter time than the one they were collected under.
#[must_use]
pub(crate) const fn shorten(table: &Shape) -> Text {
    Text::new()
        .push("UPDATE ")
        .push(table.name)
        .push(" SET expires_at = $1 WHERE expires_at > $1")
}

/// `SELECT` of every owner that has rows.
#[must_use]
pub(crate) const fn owners(table: &Shape) -> Text {
    Text::new()
        .push("SELECT DISTINCT ")
        .push(table.owner)
        .push(" FROM ")
        .push(table.name)
}

/// `SELECT` of the number of rows.
#[must_use]
pub(crate) const fn count(table: &Shape) -> Text {
    Text::new().push("SELECT COUNT(*) FROM ").push(table.name)
}

/// `DROP TABLE`.
#[must_use]
pub(crate) const fn drop_table(table: &Shape) -> Text {
    Text::new().push("DROP TABLE ").push(table.name)
}

/// `DELETE` of every row.
#[must_use]
pub(crate) const fn clear(table: &Shape) -> Text {
    Text::new().push("DELETE FROM ").push(table.name)
}

/// The highest place (`$n`) that a statement has.
#[must_use]
pub const fn places(sql: &str) -> usize {
    let bytes = sql.as_bytes();
    let mut highest = 0;
    let mut index = 0;
    while index < bytes.len() {
        if bytes[index] == b'$' {
            let mut number = 0;
            while index + 1 < bytes.len() && bytes[index + 1].is_ascii_digit() {
                index += 1;
                number = number * 10 + (bytes[index] - b'0') as usize;
            }
            if number > highest {
                highest = number;
            }
        }
        index += 1;
    }
    highest
}
