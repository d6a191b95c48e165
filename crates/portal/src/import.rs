//! Lists of invitations as spreadsheets write them: what is read, and what is given back.
//!
//! The first line names the columns, `uses`, `days` and `tariff`, in any order; what is left out has its standard. Commas,
//! semicolons and tabs are taken between cells, because spreadsheets write one or the other by country. Nothing about
//! people belongs into such a list: the codes come back in the order of the lines.

use account::{Accounts, INVITATIONS_LIMIT, InvitationError, MadeInvitation, NewInvitation};
use csv::{ReaderBuilder, StringRecord, Trim};

use crate::refusal::Refusal;
use crate::speech::{Saying, Speech};

/// People and days where the list does not say, as on the page for one invitation.
pub(crate) const STANDARD_USES: u32 = 1;
pub(crate) const STANDARD_DAYS: u32 = 14;

/// Why a list is not taken. `line` counts from 1, as editors do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum ImportError {
    /// No line has an invitation.
    Empty,
    /// The first line names something that is no column.
    Column(String),
    /// The first line names a column twice.
    Twice(&'static str),
    /// There are more lines than invitations are made at once.
    TooMany,
    /// A line has more or fewer cells than there are columns.
    Cells { line: u64, cells: usize, columns: usize },
    /// What a line asks for cannot be made.
    Line { line: u64, why: InvitationError },
}

impl Refusal for ImportError {
    fn said(&self, speech: &Speech) -> Saying {
        match self {
            Self::Empty => speech.say("import-empty"),
            Self::Column(column) => speech.say("import-column").text("column", column),
            Self::Twice(column) => speech.say("import-twice").text("column", column),
            Self::TooMany => speech
                .say("refused-many-invitations")
                .number("limit", INVITATIONS_LIMIT),
            Self::Cells { line, cells, columns } => speech
                .say("import-cells")
                .number("line", *line)
                .number("cells", *cells)
                .number("columns", *columns),
            Self::Line { line, why } => {
                let why = why.said(speech);
                speech.say("import-line").number("line", *line).text("why", why)
            }
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Column {
    Uses,
    Days,
    Tariff,
}

impl Column {
    const ALL: [Self; 3] = [Self::Uses, Self::Days, Self::Tariff];

    const fn name(self) -> &'static str {
        match self {
            Self::Uses => "uses",
            Self::Days => "days",
            Self::Tariff => "tariff",
        }
    }
}

/// Every invitation of a list, each of which `check` lets be made; or the first line that cannot.
pub(crate) fn read(
    text: &str,
    check: impl Fn(&NewInvitation) -> Result<(), InvitationError>,
) -> Result<Vec<NewInvitation>, ImportError> {
    // Spreadsheets put a byte order mark in front.
    let text = text.trim_start_matches('\u{feff}');
    let mut reader = ReaderBuilder::new()
        .delimiter(delimiter(text))
        .trim(Trim::All)
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let mut records = reader.records().map_while(Result::ok);
    let columns = columns(&records.next().ok_or(ImportError::Empty)?)?;
    let mut wanted = Vec::new();
    for record in records {
        if wanted.len() == INVITATIONS_LIMIT {
            return Err(ImportError::TooMany);
        }
        let line = || line_of(text, &record);
        // Spreadsheets leave empty lines of delimiters behind.
        if record.iter().all(str::is_empty) {
            continue;
        }
        if record.len() != columns.len() {
            return Err(ImportError::Cells {
                line: line(),
                cells: record.len(),
                columns: columns.len(),
            });
        }
        let one = invitation(&columns, &record);
        check(&one).map_err(|why| ImportError::Line { line: line(), why })?;
        wanted.push(one);
    }
    match wanted.is_empty() {
        true => Err(ImportError::Empty),
        false => Ok(wanted),
    }
}

/// The line that a record stands in, from 1. The reader begins a record at the empty lines before it.
fn line_of(text: &str, record: &StringRecord) -> u64 {
    let begins = record.position().map_or(0, csv::Position::byte);
    let (before, rest) = text.split_at_checked(begins as usize).unwrap_or((text, ""));
    let empty = rest.len() - rest.trim_start_matches(['\r', '\n']).len();
    1 + line_ends(&text[..before.len() + empty])
}

/// How many lines end in a text. The reader takes a carriage return alone for an end, as old spreadsheets write it.
pub(crate) fn line_ends(text: &str) -> u64 {
    let pairs = text.matches("\r\n").count();
    (text.matches(['\r', '\n']).count() - pairs) as u64
}

/// What stands between the cells: the first of these in the first line.
fn delimiter(text: &str) -> u8 {
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or("");
    let found = first.bytes().find(|byte| b",;\t".contains(byte));
    found.unwrap_or(b',')
}

fn columns(first: &StringRecord) -> Result<Vec<Column>, ImportError> {
    let mut columns = Vec::new();
    for cell in first {
        let known = Column::ALL
            .into_iter()
            .find(|column| cell.eq_ignore_ascii_case(column.name()));
        let column = known.ok_or_else(|| ImportError::Column(cell.to_owned()))?;
        if columns.contains(&column) {
            return Err(ImportError::Twice(column.name()));
        }
        columns.push(column);
    }
    Ok(columns)
}

fn invitation(columns: &[Column], record: &StringRecord) -> NewInvitation {
    let cell = |wanted: Column| {
        let place = columns.iter().position(|column| *column == wanted)?;
        record.get(place).filter(|cell| !cell.is_empty())
    };
    // What is no number is none that an invitation can have, and is refused as such.
    let number = |wanted, standard| cell(wanted).map_or(standard, |cell| cell.parse().unwrap_or(0));
    NewInvitation {
        uses: number(Column::Uses, STANDARD_USES),
        days: number(Column::Days, STANDARD_DAYS),
        tariff: cell(Column::Tariff).map(str::to_owned),
    }
}

/// What was made, in the order of the list: the codes are in no other place.
pub(crate) fn write(accounts: &Accounts, wanted: &[NewInvitation], made: &[MadeInvitation]) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    // Writing into memory does not fail, and all records have five cells.
    let _written = writer.write_record(["code", "path", "uses", "ends", "tariff"]);
    for (wanted, made) in wanted.iter().zip(made) {
        let tariff = accounts.tariff_of_invitation(wanted);
        let cells = [
            made.code.to_string(),
            way_in(made),
            wanted.uses.to_string(),
            made.ends.day().to_string(),
            tariff.to_owned(),
        ];
        let _written = writer.write_record(cells);
    }
    let bytes = writer.into_inner().unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The page on which the invited join, without the site's name.
pub(crate) fn way_in(made: &MadeInvitation) -> String {
    format!("/join?invitation={}", made.code)
}
