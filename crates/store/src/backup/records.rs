//! Rows and what stands above them, as bytes of a frame.

use plan::value::{Cell, ColumnType};

use crate::place::Database;
use crate::transfer::{Head, Header, Record};

/// Rows of one frame: for each the table's number, how many cells, and each cell with its type and length.
pub(super) fn to_frame(records: &[Record]) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    for record in records {
        bytes.extend_from_slice(&u16::try_from(record.table).ok()?.to_be_bytes());
        bytes.extend_from_slice(&u16::try_from(record.cells.len()).ok()?.to_be_bytes());
        for cell in &record.cells {
            match cell {
                Cell::Integer(number) => {
                    bytes.push(b'i');
                    bytes.extend_from_slice(&number.to_be_bytes());
                }
                Cell::Text(text) => put(&mut bytes, b't', text.as_bytes())?,
                Cell::Bytes(value) => put(&mut bytes, b'b', value)?,
            }
        }
    }
    Some(bytes)
}

fn put(bytes: &mut Vec<u8>, kind: u8, value: &[u8]) -> Option<()> {
    bytes.push(kind);
    bytes.extend_from_slice(&u32::try_from(value.len()).ok()?.to_be_bytes());
    bytes.extend_from_slice(value);
    Some(())
}

/// The rows of a frame; nothing when it is not whole rows.
pub(super) fn of_frame(mut bytes: &[u8]) -> Option<Vec<Record>> {
    let mut records = Vec::new();
    while !bytes.is_empty() {
        let table = u16::from_be_bytes(part(&mut bytes)?);
        let count = u16::from_be_bytes(part(&mut bytes)?);
        let mut cells = Vec::new();
        for _ in 0..count {
            let [kind] = part(&mut bytes)?;
            cells.push(match kind {
                b'i' => Cell::Integer(i64::from_be_bytes(part(&mut bytes)?)),
                b't' => Cell::Text(String::from_utf8(value(&mut bytes)?.to_vec()).ok()?),
                b'b' => Cell::Bytes(value(&mut bytes)?.to_vec()),
                _ => return None,
            });
        }
        records.push(Record {
            table: table.into(),
            cells,
        });
    }
    Some(records)
}

/// The tables: the schema's version, and for each its database, name, rows and columns.
pub(super) fn header_to_frame(header: &Header) -> Option<Vec<u8>> {
    let mut bytes = header.schema.to_be_bytes().to_vec();
    for head in &header.tables {
        bytes.push(match head.database {
            Database::Rows => b'r',
            Database::Keys => b'k',
        });
        put(&mut bytes, b't', head.name.as_bytes())?;
        bytes.extend_from_slice(&head.rows.to_be_bytes());
        bytes.extend_from_slice(&u16::try_from(head.columns.len()).ok()?.to_be_bytes());
        for (name, kind) in &head.columns {
            let kind = match kind {
                ColumnType::Integer => b'i',
                ColumnType::Text => b't',
                ColumnType::Bytes => b'b',
            };
            put(&mut bytes, kind, name.as_bytes())?;
        }
    }
    Some(bytes)
}

pub(super) fn header_of_frame(mut bytes: &[u8]) -> Option<Header> {
    let schema = i64::from_be_bytes(part(&mut bytes)?);
    let mut tables = Vec::new();
    while !bytes.is_empty() {
        let database = match part(&mut bytes)? {
            [b'r'] => Database::Rows,
            [b'k'] => Database::Keys,
            _ => return None,
        };
        let [b't'] = part(&mut bytes)? else {
            return None;
        };
        let name = text(&mut bytes)?;
        let rows = u64::from_be_bytes(part(&mut bytes)?);
        let count = u16::from_be_bytes(part(&mut bytes)?);
        let mut columns = Vec::new();
        for _ in 0..count {
            let kind = match part(&mut bytes)? {
                [b'i'] => ColumnType::Integer,
                [b't'] => ColumnType::Text,
                [b'b'] => ColumnType::Bytes,
                _ => return None,
            };
            columns.push((text(&mut bytes)?, kind));
        }
        tables.push(Head {
            database,
            name,
            columns,
            rows,
        });
    }
    Some(Header { schema, tables })
}

fn part<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (first, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(*first)
}

fn value<'b>(bytes: &mut &'b [u8]) -> Option<&'b [u8]> {
    let length = u32::from_be_bytes(part(bytes)?) as usize;
    let (first, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(first)
}

fn text(bytes: &mut &[u8]) -> Option<String> {
    String::from_utf8(value(bytes)?.to_vec()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_and_tables_come_back_as_they_were_and_no_shorter() {
        let cells = vec![
            Cell::Integer(-7),
            Cell::Text("größer".into()),
            Cell::Bytes(vec![0, 1, 255]),
        ];
        let records = [
            Record { table: 3, cells },
            Record {
                table: 4,
                cells: Vec::new(),
            },
        ];
        let frame = to_frame(&records).unwrap();
        assert!(of_frame(&frame).unwrap() == records);
        for length in (1..frame.len()).filter(|length| *length != frame.len() - 4) {
            assert!(of_frame(&frame[..length]).is_none(), "{length}");
        }
        let header = Header {
            schema: 2,
            tables: vec![Head {
                database: Database::Keys,
                name: "subject_key".into(),
                columns: vec![("subject".into(), ColumnType::Bytes), ("n".into(), ColumnType::Integer)],
                rows: 5,
            }],
        };
        assert_eq!(header_of_frame(&header_to_frame(&header).unwrap()).unwrap(), header);
    }
}
