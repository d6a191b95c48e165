//! A table as a constant: what it is for, what field each column holds, who owns its rows.

use plan::FieldId;
use plan::value::ColumnType;

use crate::engine::Definition;
use crate::sql::{self, Text};

/// What a column is to the store.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Part of what tells rows apart; a random id or an instant that says nothing about the person.
    Key,
    /// The subject that the row is about. Every table has exactly one.
    Owner,
    /// A personal value, sealed under its subject's key.
    Sealed,
    /// A sealed value that is also found by a blind index (exact match) and stands in one row at most.
    Found,
    /// A sealed value that is also found by a blind index and may stand in several rows.
    Matched,
    /// A sealed value that an export names and does not show: a hash that lets somebody in.
    Secret,
    /// A personal value in clear, with the reason why.
    Plain(&'static str),
}

impl Kind {
    /// Whether a blind index stands beside the column.
    #[must_use]
    pub const fn has_index(self) -> bool {
        matches!(self, Self::Found | Self::Matched)
    }
}

/// One column.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// What it is to the store.
    pub kind: Kind,
    /// What it holds; `None` for ids.
    pub field: Option<FieldId>,
    /// Its type in the database.
    pub column_type: ColumnType,
}

/// What a table looks like.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Its name.
    pub name: &'static str,
    /// What it is for, in the words of an export.
    pub about: &'static str,
    /// Its columns, in order.
    pub columns: &'static [Column],
    /// The name of the column that holds the owner.
    pub owner: &'static str,
    /// The columns of the primary key.
    pub primary_key: &'static [&'static str],
    /// Whether rows end after the shortest keep of their fields.
    pub expires: bool,
}

/// A table: its shape and the SQL that follows from it. Made by [`crate::table!`].
#[derive(Debug)]
pub struct Table {
    /// What it looks like.
    pub shape: Shape,
    pub(crate) create: &'static str,
    pub(crate) create_owner_index: &'static str,
    pub(crate) create_expiry_index: &'static str,
    pub(crate) insert: &'static str,
    pub(crate) upsert: &'static str,
    pub(crate) export: &'static str,
    pub(crate) erase: &'static str,
    pub(crate) sweep: &'static str,
    pub(crate) owners: &'static str,
    pub(crate) count: &'static str,
    pub(crate) drop: &'static str,
    pub(crate) clear: &'static str,
    pub(crate) create_postgres: &'static str,
    pub(crate) unsampled: &'static str,
    pub(crate) rewrite: &'static str,
    pub(crate) stored: &'static str,
    pub(crate) shorten: &'static str,
}

/// The texts of one table at compile time; [`crate::table!`] makes them constants.
#[derive(Clone, Copy)]
pub struct Texts([Text; 17]);

impl Texts {
    /// Writes every statement of a table of this shape.
    #[must_use]
    pub const fn write(shape: &Shape) -> Self {
        Self([
            sql::create(shape),
            sql::create_owner_index(shape),
            sql::create_expiry_index(shape),
            sql::insert(shape),
            sql::upsert(shape),
            sql::export(shape),
            sql::erase(shape),
            sql::sweep(shape),
            sql::owners(shape),
            sql::count(shape),
            sql::drop_table(shape),
            sql::clear(shape),
            sql::create_postgres(shape),
            sql::unsampled(shape),
            sql::rewrite(shape),
            sql::stored(shape),
            sql::shorten(shape),
        ])
    }
}

impl Table {
    /// A table of a shape and its texts.
    #[must_use]
    pub const fn new(shape: Shape, texts: &'static Texts) -> Self {
        shape.check();
        Self {
            shape,
            create: texts.0[0].as_str(),
            create_owner_index: texts.0[1].as_str(),
            create_expiry_index: texts.0[2].as_str(),
            insert: texts.0[3].as_str(),
            upsert: texts.0[4].as_str(),
            export: texts.0[5].as_str(),
            erase: texts.0[6].as_str(),
            sweep: texts.0[7].as_str(),
            owners: texts.0[8].as_str(),
            count: texts.0[9].as_str(),
            drop: texts.0[10].as_str(),
            clear: texts.0[11].as_str(),
            create_postgres: texts.0[12].as_str(),
            unsampled: texts.0[13].as_str(),
            rewrite: texts.0[14].as_str(),
            stored: texts.0[15].as_str(),
            shorten: texts.0[16].as_str(),
        }
    }

    /// The definitions of the table and its indexes, by name.
    pub(crate) fn definitions(&self) -> Vec<(String, Definition)> {
        let shape = &self.shape;
        let table = Definition::table(self.create, self.create_postgres, self.unsampled);
        let mut definitions = vec![(shape.name.to_owned(), table)];
        if shape.primary_key.first() != Some(&shape.owner) {
            let index = Definition::index(self.create_owner_index);
            definitions.push((format!("{}_by_owner", shape.name), index));
        }
        if shape.expires {
            let index = Definition::index(self.create_expiry_index);
            definitions.push((format!("{}_by_expiry", shape.name), index));
        }
        definitions
    }

    /// Whether a row holds something of a person in clear, beside ids and instants.
    pub(crate) fn holds_in_clear(&self) -> bool {
        let in_clear = |column: &Column| matches!(column.kind, Kind::Plain(_));
        self.shape.columns.iter().any(in_clear)
    }
}

impl Shape {
    /// The fields that the table holds.
    pub fn fields(&self) -> impl Iterator<Item = FieldId> + '_ {
        self.columns.iter().filter_map(|column| column.field)
    }

    /// How many cells a row has: one for each column, one more for each blind index, one for the expiry.
    #[must_use]
    pub const fn cell_count(&self) -> usize {
        let mut count = if self.expires { 1 } else { 0 };
        let mut index = 0;
        while index < self.columns.len() {
            count += if self.columns[index].kind.has_index() { 2 } else { 1 };
            index += 1;
        }
        count
    }

    /// Every column as the database knows it.
    #[must_use]
    pub fn stored_columns(&self) -> Vec<String> {
        let mut names = Vec::new();
        for column in self.columns {
            names.push(column.name.to_owned());
            if column.kind.has_index() {
                names.push(format!("{}_index", column.name));
            }
        }
        if self.expires {
            names.push("expires_at".to_owned());
        }
        names
    }

    /// Every column as the database knows it, with its type there.
    pub(crate) fn stored_types(&self) -> Vec<(String, ColumnType)> {
        let mut types = Vec::with_capacity(self.cell_count());
        for column in self.columns {
            types.push((column.name.to_owned(), column.column_type));
            if column.kind.has_index() {
                types.push((format!("{}_index", column.name), ColumnType::Bytes));
            }
        }
        if self.expires {
            types.push(("expires_at".to_owned(), ColumnType::Integer));
        }
        types
    }

    /// Stops the build for a table that breaks the house's rules: exactly one owner, and ids before sealed values
    /// (a sealed value is bound to its row, so the row must be known first).
    pub const fn check(&self) {
        let mut owners = 0;
        let mut sealed_seen = false;
        let mut index = 0;
        while index < self.columns.len() {
            match self.columns[index].kind {
                Kind::Owner => {
                    assert!(!sealed_seen, "the owner comes before sealed columns");
                    owners += 1;
                }
                Kind::Key => assert!(!sealed_seen, "keys come before sealed columns"),
                Kind::Sealed | Kind::Found | Kind::Matched | Kind::Secret => sealed_seen = true,
                Kind::Plain(reason) => assert!(!reason.is_empty(), "a column in clear has a reason"),
            }
            index += 1;
        }
        assert!(owners == 1, "every table has exactly one owner column");
        assert!(!self.primary_key.is_empty(), "every table has a primary key");
    }
}

/// Declares a table and the struct of its rows.
///
/// Kinds of columns: `key` and `owner` (typed ids), `sealed`, `found`, `matched`, `secret` and `plain("reason")` (catalogue
/// fields). `expires;` after the braces makes rows end after the shortest keep that the plan gives to their fields.
///
/// ```
/// use plan::field::{DeviceKey, DeviceLabel};
/// use plan::{DeviceId, MemberId};
///
/// store::table! {
///     /// Things of members' that connect.
///     pub struct Device in "device" {
///         /// Which device.
///         key id: DeviceId,
///         /// Whose it is.
///         owner member: MemberId,
///         /// What the member calls it.
///         sealed label: DeviceLabel,
///         /// Its public key.
///         found public_key: DeviceKey,
///     }
///     primary key (id);
/// }
/// ```
#[macro_export]
macro_rules! table {
    (
        #[doc = $about:literal]
        $vis:vis struct $row:ident in $name:literal {
            $( $(#[$doc:meta])* $kind:ident $(($reason:literal))? $column:ident : $type:ty ),+ $(,)?
        }
        primary key ($($primary:ident),+);
        $($expires:ident;)?
    ) => {
        #[doc = $about]
        $vis struct $row {
            $( $(#[$doc])* pub $column: $crate::column_value!($kind $type), )+
        }

        impl $crate::Row for $row {
            const TABLE: &'static $crate::Table = {
                const SHAPE: $crate::Shape = $crate::Shape {
                    name: $name,
                    about: $about.trim_ascii(),
                    columns: &[$( $crate::column!($kind $(($reason))? $column $type) ),+],
                    owner: $crate::owner_of(&[$( (stringify!($kind), stringify!($column)) ),+]),
                    primary_key: &[$(stringify!($primary)),+],
                    expires: $crate::has_expiry!($($expires)?),
                };
                const TEXTS: $crate::Texts = $crate::Texts::write(&SHAPE);
                const TABLE: $crate::Table = $crate::Table::new(SHAPE, &TEXTS);
                &TABLE
            };

            fn owner(&self) -> $crate::macro_support::plan::SubjectId {
                $( $crate::owner_value!($kind self.$column); )+
            }

            fn write(&self, writer: &mut $crate::Writer<'_>) -> Result<(), $crate::StoreError> {
                $( writer.$kind(stringify!($column), &self.$column)?; )+
                Ok(())
            }

            fn read(reader: &mut $crate::Reader<'_>) -> Result<Self, $crate::StoreError> {
                Ok(Self { $( $column: reader.$kind(stringify!($column))?, )+ })
            }
        }
    };
}

/// The name of the column that is marked `owner`.
#[doc(hidden)]
#[must_use]
pub const fn owner_of(columns: &[(&'static str, &'static str)]) -> &'static str {
    let mut index = 0;
    while index < columns.len() {
        if let [b'o', b'w', b'n', b'e', b'r'] = columns[index].0.as_bytes() {
            return columns[index].1;
        }
        index += 1;
    }
    panic!("every table has an owner column")
}

#[doc(hidden)]
#[macro_export]
macro_rules! column_value {
    (key $type:ty) => { $type };
    (owner $type:ty) => { $type };
    ($kind:ident $type:ty) => { $crate::macro_support::plan::Personal<$type> };
}

#[doc(hidden)]
#[macro_export]
macro_rules! owner_value {
    (owner $this:ident.$column:ident) => {
        return $crate::macro_support::plan::SubjectId::from($this.$column)
    };
    ($kind:ident $this:ident.$column:ident) => {};
}

#[doc(hidden)]
#[macro_export]
macro_rules! has_expiry {
    (expires) => {
        true
    };
    () => {
        false
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! column {
    (@id $kind:ident $name:ident $type:ty) => {
        $crate::Column {
            name: stringify!($name),
            kind: $crate::Kind::$kind,
            field: None,
            column_type: <$type as $crate::macro_support::Value>::COLUMN,
        }
    };
    (@sealed $kind:ident $name:ident $type:ty) => {
        $crate::Column {
            name: stringify!($name),
            kind: $crate::Kind::$kind,
            field: Some(<$type as $crate::macro_support::plan::Field>::ID),
            column_type: $crate::macro_support::ColumnType::Bytes,
        }
    };
    (key $name:ident $type:ty) => { $crate::column!(@id Key $name $type) };
    (owner $name:ident $type:ty) => { $crate::column!(@id Owner $name $type) };
    (sealed $name:ident $type:ty) => { $crate::column!(@sealed Sealed $name $type) };
    (found $name:ident $type:ty) => { $crate::column!(@sealed Found $name $type) };
    (matched $name:ident $type:ty) => { $crate::column!(@sealed Matched $name $type) };
    (secret $name:ident $type:ty) => { $crate::column!(@sealed Secret $name $type) };
    (plain ($reason:literal) $name:ident $type:ty) => {
        $crate::Column {
            name: stringify!($name),
            kind: $crate::Kind::Plain($reason),
            field: Some(<$type as $crate::macro_support::plan::Field>::ID),
            column_type: <<$type as $crate::macro_support::plan::Field>::Value as $crate::macro_support::Value>::COLUMN,
        }
    };
}
