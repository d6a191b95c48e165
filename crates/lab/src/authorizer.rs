//! Asks SQLite itself what each statement of the closed list touches, and compares it with what is declared.
//!
//! `sqlite3_set_authorizer` is called while a statement is prepared, once for each table and column that it will read
//! or write, whatever its text looks like (sqlite.org/c3ref/set_authorizer.html).

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::ptr;

use libsqlite3_sys as sqlite;
use store::{Catalogue, Listed, definition_list, statement_list};

/// Every statement of the store and of these services that SQLite refuses to prepare, or that touches something else
/// than it declares; one line each. Empty when all is well.
pub fn disagreements(catalogues: &[Catalogue]) -> Vec<String> {
    let mut files = BTreeMap::new();
    let mut problems = Vec::new();
    let mut references = BTreeSet::new();
    for (file, sql) in definition_list(catalogues) {
        references.extend(references_of(sql));
        let database = files.entry(file).or_insert_with(Database::in_memory);
        if let Err(error) = database.execute(sql) {
            problems.push(format!("{sql}: {error}"));
        }
    }
    let expiring: BTreeSet<&str> = catalogues
        .iter()
        .flat_map(|catalogue| catalogue.tables)
        .filter(|table| table.shape.expires)
        .map(|table| table.shape.name)
        .collect();
    for listed in statement_list(catalogues) {
        let database = files.entry(listed.file).or_insert_with(Database::in_memory);
        match database.touched(listed.sql) {
            Ok(touched) => problems.extend(compare(&listed, &touched, &expiring, &references)),
            Err(error) => problems.push(format!("{}: {error}", listed.name)),
        }
    }
    problems
}

/// What a statement really touches.
#[derive(Default, Debug)]
struct Touched {
    /// Columns that are read or changed, by table; empty when only rows are counted, put or deleted.
    columns: BTreeMap<String, BTreeSet<String>>,
    /// Tables of which whole rows are put or deleted.
    whole: BTreeSet<String>,
}

/// A column of a table.
type Column = (String, String);

/// Both ends of every foreign key of a definition: SQLite reads them by itself when a row that names its person or its
/// field is put, or when a person or a field is deleted.
fn references_of(definition: &str) -> Vec<Column> {
    let Some((head, columns)) = definition.split_once(" (") else {
        return Vec::new();
    };
    let table = head.trim_start_matches("CREATE TABLE ");
    let mut ends = Vec::new();
    for column in columns.split(", ") {
        if let Some((name, reference)) = column.split_once(" REFERENCES ") {
            let name = name.split(' ').next().unwrap_or(name);
            ends.push((table.to_owned(), name.to_owned()));
            if let Some((parent, key)) = reference.split_once(" (") {
                ends.push((parent.to_owned(), key.trim_end_matches(')').to_owned()));
            }
        }
    }
    ends
}

fn compare(
    listed: &Listed,
    touched: &Touched,
    expiring: &BTreeSet<&str>,
    references: &BTreeSet<Column>,
) -> Vec<String> {
    let mut problems = Vec::new();
    let really: BTreeSet<&str> = touched
        .columns
        .keys()
        .chain(&touched.whole)
        .map(String::as_str)
        .collect();
    for table in &really {
        let declared = listed.touches.iter().any(|touch| touch.table == *table);
        if !declared && !is_reference(touched, table, references) {
            problems.push(format!(
                "{}: touches the table {table}, which it does not declare",
                listed.name
            ));
        }
    }
    let none = BTreeSet::new();
    for touch in &listed.touches {
        let table = touch.table;
        if !really.contains(table) {
            problems.push(format!(
                "{}: declares the table {table} and does not touch it",
                listed.name
            ));
            continue;
        }
        let columns = touched.columns.get(table).unwrap_or(&none);
        if let Some(declared) = touch.columns {
            let declared: BTreeSet<String> = declared.iter().map(|column| (*column).to_owned()).collect();
            let beyond: Vec<&String> = columns.difference(&declared).collect();
            if !beyond.is_empty() {
                problems.push(format!(
                    "{}: touches {beyond:?} of {table} beyond what it declares",
                    listed.name
                ));
            }
            let idle: Vec<&String> = declared.difference(columns).collect();
            if !touched.whole.contains(table) && !idle.is_empty() {
                problems.push(format!(
                    "{}: declares {idle:?} of {table} and does not touch them",
                    listed.name
                ));
            }
        }
        let reads = listed.purpose.is_some() && touched.whole.is_empty();
        if reads && expiring.contains(table) && !columns.contains("expires_at") {
            problems.push(format!("{}: reads {table} without looking at expires_at", listed.name));
        }
    }
    problems
}

/// Whether a table is touched for the sake of foreign keys alone, by a statement that changes something.
fn is_reference(touched: &Touched, table: &str, references: &BTreeSet<Column>) -> bool {
    let mut columns = touched.columns.get(table).into_iter().flatten();
    let changes = !touched.whole.is_empty() && !touched.whole.contains(table);
    changes && columns.all(|column| references.contains(&(table.to_owned(), column.clone())))
}

/// A database in memory.
struct Database(*mut sqlite::sqlite3);

impl Database {
    fn in_memory() -> Self {
        let mut handle = ptr::null_mut();
        // SAFETY: the name is a C string and `handle` outlives the call (sqlite.org/c3ref/open.html).
        let code = unsafe { sqlite::sqlite3_open(c":memory:".as_ptr(), &mut handle) };
        assert_eq!(code, sqlite::SQLITE_OK, "a database in memory opens");
        let database = Self(handle);
        database
            .execute("PRAGMA foreign_keys = ON")
            .expect("SQLite has foreign keys");
        database
    }

    fn execute(&self, sql: &str) -> Result<(), String> {
        let sql = CString::new(sql).map_err(|error| error.to_string())?;
        // SAFETY: the handle is open, the text is a C string, and no callback is given (sqlite.org/c3ref/exec.html).
        let code = unsafe { sqlite::sqlite3_exec(self.0, sql.as_ptr(), None, ptr::null_mut(), ptr::null_mut()) };
        self.checked(code)
    }

    /// Prepares a statement, without running it, and returns what SQLite says that it touches.
    fn touched(&self, sql: &str) -> Result<Touched, String> {
        let touched = RefCell::new(Touched::default());
        let sql = CString::new(sql).map_err(|error| error.to_string())?;
        let mut statement = ptr::null_mut();
        // SAFETY: `touched` outlives the preparation, the only time at which the callback is called, for it is taken
        // away below; the statement is finalised before the handle closes (sqlite.org/c3ref/set_authorizer.html,
        // c3ref/prepare.html, c3ref/finalize.html).
        let code = unsafe {
            sqlite::sqlite3_set_authorizer(self.0, Some(note), ptr::from_ref(&touched).cast_mut().cast());
            let code = sqlite::sqlite3_prepare_v2(self.0, sql.as_ptr(), -1, &mut statement, ptr::null_mut());
            sqlite::sqlite3_set_authorizer(self.0, None, ptr::null_mut());
            sqlite::sqlite3_finalize(statement);
            code
        };
        self.checked(code).map(|()| touched.into_inner())
    }

    fn checked(&self, code: c_int) -> Result<(), String> {
        if code == sqlite::SQLITE_OK {
            return Ok(());
        }
        // SAFETY: the handle is open; the message is a C string until the next call (sqlite.org/c3ref/errcode.html).
        let message = unsafe { CStr::from_ptr(sqlite::sqlite3_errmsg(self.0)) };
        Err(message.to_string_lossy().into_owned())
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // SAFETY: the handle is open and used nowhere else (sqlite.org/c3ref/close.html).
        unsafe { sqlite::sqlite3_close(self.0) };
    }
}

/// The authorizer: notes and allows.
unsafe extern "C" fn note(
    touched: *mut c_void,
    action: c_int,
    table: *const c_char,
    column: *const c_char,
    _database: *const c_char,
    _trigger: *const c_char,
) -> c_int {
    // SAFETY: `touched` is the `RefCell` of `Database::touched`, which is alive while a statement is prepared.
    let touched = unsafe { &*touched.cast::<RefCell<Touched>>() };
    let text = |pointer: *const c_char| {
        if pointer.is_null() {
            return String::new();
        }
        // SAFETY: SQLite hands over a C string that lives as long as this call.
        unsafe { CStr::from_ptr(pointer) }.to_string_lossy().into_owned()
    };
    let mut touched = touched.borrow_mut();
    match action {
        sqlite::SQLITE_READ | sqlite::SQLITE_UPDATE => {
            let columns = touched.columns.entry(text(table)).or_default();
            // A count reads a table and no column: the name is empty.
            columns.extend(Some(text(column)).filter(|column| !column.is_empty()));
        }
        sqlite::SQLITE_INSERT | sqlite::SQLITE_DELETE => _ = touched.whole.insert(text(table)),
        _ => {}
    }
    sqlite::SQLITE_OK
}
