//! What a personal value is made of, and how it becomes a database cell.

use std::fmt::Write as _;

use zeroize::Zeroize;

/// One value as a database column holds it.
#[derive(Clone, PartialEq, Eq)]
pub enum Cell {
    /// A 64-bit signed integer: counters, days, microseconds.
    Integer(i64),
    /// UTF-8 text.
    Text(String),
    /// Bytes: ids, keys, sealed values.
    Bytes(Vec<u8>),
}

/// What type of database column holds a value in clear.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ColumnType {
    /// 64-bit signed integer.
    Integer,
    /// UTF-8 text.
    Text,
    /// Bytes.
    Bytes,
}

/// A type that a catalogue field may have as its value.
///
/// `to_bytes` is what is sealed; `to_cell` is what a column marked `plain` holds.
pub trait Value: Sized + Send + Sync + 'static {
    /// The type of a column that holds the value in clear.
    const COLUMN: ColumnType;
    /// The bytes that are sealed and that a blind index is computed of.
    fn to_bytes(&self) -> Vec<u8>;
    /// The inverse of [`Value::to_bytes`]; `None` when the bytes are not of this type.
    fn from_bytes(bytes: &[u8]) -> Option<Self>;
    /// The value as a column in clear holds it.
    fn to_cell(&self) -> Cell;
    /// The inverse of [`Value::to_cell`]; `None` when the cell is not of this type.
    fn from_cell(cell: &Cell) -> Option<Self>;
    /// The value in the words of a page or an export.
    fn to_words(&self) -> String;
    /// Overwrites the value in memory; called when a [`crate::Personal`] is dropped.
    fn wipe(&mut self);
}

impl Value for String {
    const COLUMN: ColumnType = ColumnType::Text;
    fn to_bytes(&self) -> Vec<u8> {
        self.as_bytes().to_vec()
    }
    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        String::from_utf8(bytes.to_vec()).ok()
    }
    fn to_cell(&self) -> Cell {
        Cell::Text(self.clone())
    }
    fn from_cell(cell: &Cell) -> Option<Self> {
        match cell {
            Cell::Text(text) => Some(text.clone()),
            Cell::Integer(_) | Cell::Bytes(_) => None,
        }
    }
    fn to_words(&self) -> String {
        self.clone()
    }
    fn wipe(&mut self) {
        self.zeroize();
    }
}

impl Value for i64 {
    const COLUMN: ColumnType = ColumnType::Integer;
    fn to_bytes(&self) -> Vec<u8> {
        self.to_be_bytes().to_vec()
    }
    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Some(i64::from_be_bytes(bytes.try_into().ok()?))
    }
    fn to_cell(&self) -> Cell {
        Cell::Integer(*self)
    }
    fn from_cell(cell: &Cell) -> Option<Self> {
        match cell {
            Cell::Integer(number) => Some(*number),
            Cell::Text(_) | Cell::Bytes(_) => None,
        }
    }
    fn to_words(&self) -> String {
        self.to_string()
    }
    fn wipe(&mut self) {
        self.zeroize();
    }
}

impl Value for [u8; 32] {
    const COLUMN: ColumnType = ColumnType::Bytes;
    fn to_bytes(&self) -> Vec<u8> {
        self.to_vec()
    }
    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok()
    }
    fn to_cell(&self) -> Cell {
        Cell::Bytes(self.to_vec())
    }
    fn from_cell(cell: &Cell) -> Option<Self> {
        match cell {
            Cell::Bytes(bytes) => bytes.as_slice().try_into().ok(),
            Cell::Integer(_) | Cell::Text(_) => None,
        }
    }
    fn to_words(&self) -> String {
        self.iter()
            .fold(String::with_capacity(2 * self.len()), |mut words, byte| {
                // Writing into a string does not fail.
                let _written = write!(words, "{byte:02x}");
                words
            })
    }
    fn wipe(&mut self) {
        self.zeroize();
    }
}

impl Value for crate::Timestamp {
    const COLUMN: ColumnType = ColumnType::Integer;
    fn to_bytes(&self) -> Vec<u8> {
        self.microseconds().to_bytes()
    }
    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        i64::from_bytes(bytes).map(Self::from_microseconds)
    }
    fn to_cell(&self) -> Cell {
        Cell::Integer(self.microseconds())
    }
    fn from_cell(cell: &Cell) -> Option<Self> {
        i64::from_cell(cell).map(Self::from_microseconds)
    }
    fn to_words(&self) -> String {
        self.to_string()
    }
    fn wipe(&mut self) {}
}

impl Value for crate::Day {
    const COLUMN: ColumnType = ColumnType::Integer;
    fn to_bytes(&self) -> Vec<u8> {
        i64::from(self.number()).to_bytes()
    }
    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        i64::from_bytes(bytes).and_then(Self::from_cell_number)
    }
    fn to_cell(&self) -> Cell {
        Cell::Integer(i64::from(self.number()))
    }
    fn from_cell(cell: &Cell) -> Option<Self> {
        i64::from_cell(cell).and_then(Self::from_cell_number)
    }
    fn to_words(&self) -> String {
        self.to_string()
    }
    fn wipe(&mut self) {}
}

impl Value for std::net::IpAddr {
    const COLUMN: ColumnType = ColumnType::Bytes;
    fn to_bytes(&self) -> Vec<u8> {
        match self {
            std::net::IpAddr::V4(address) => address.octets().to_vec(),
            std::net::IpAddr::V6(address) => address.octets().to_vec(),
        }
    }
    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        match bytes.len() {
            4 => <[u8; 4]>::try_from(bytes).ok().map(Self::from),
            16 => <[u8; 16]>::try_from(bytes).ok().map(Self::from),
            _ => None,
        }
    }
    fn to_cell(&self) -> Cell {
        Cell::Bytes(self.to_bytes())
    }
    fn from_cell(cell: &Cell) -> Option<Self> {
        match cell {
            Cell::Bytes(bytes) => Self::from_bytes(bytes),
            Cell::Integer(_) | Cell::Text(_) => None,
        }
    }
    fn to_words(&self) -> String {
        self.to_string()
    }
    fn wipe(&mut self) {}
}

macro_rules! id_values {
    ($($id:ty)*) => {$(
        impl Value for $id {
            const COLUMN: ColumnType = ColumnType::Bytes;
            fn to_bytes(&self) -> Vec<u8> {
                self.as_bytes().to_vec()
            }
            fn from_bytes(bytes: &[u8]) -> Option<Self> {
                bytes.try_into().ok().map(Self::from_bytes)
            }
            fn to_cell(&self) -> Cell {
                Cell::Bytes(self.as_bytes().to_vec())
            }
            fn from_cell(cell: &Cell) -> Option<Self> {
                match cell {
                    Cell::Bytes(bytes) => <Self as Value>::from_bytes(bytes),
                    Cell::Integer(_) | Cell::Text(_) => None,
                }
            }
            fn to_words(&self) -> String {
                self.to_string()
            }
            fn wipe(&mut self) {}
        }
    )*};
}

id_values! { crate::SubjectId crate::MemberId crate::DeviceId crate::SessionId crate::VisitId crate::TokenId crate::InvitationId }

/// The value of a field that no code of this version can hold.
///
/// It has no inhabitant: a `Personal<DstHost>` cannot be made, so it cannot be put anywhere.
pub enum Unheld {}

impl Value for Unheld {
    const COLUMN: ColumnType = ColumnType::Bytes;
    fn to_bytes(&self) -> Vec<u8> {
        match *self {}
    }
    fn from_bytes(_: &[u8]) -> Option<Self> {
        None
    }
    fn to_cell(&self) -> Cell {
        match *self {}
    }
    fn from_cell(_: &Cell) -> Option<Self> {
        None
    }
    fn to_words(&self) -> String {
        match *self {}
    }
    fn wipe(&mut self) {
        match *self {}
    }
}
