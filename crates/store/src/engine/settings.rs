//! Questions to a server from a connection of their own, which takes no lock: what it is told to write down beside the
//! rows, and what would become of its definitions.

use plan::value::Cell;
use sqlx::ConnectOptions as _;

use super::cells::fetch;
use super::postgres::ServerUrl;
use crate::StoreError;

/// Only what is loaded has a row: modules that log or sample have settings of their own.
const SETTINGS: &str = "SELECT CAST(name AS text), CAST(setting AS text), CAST(source AS text), \
CAST(current_user AS text), CAST(current_database() AS text) FROM pg_catalog.pg_settings WHERE name IN (\
'log_statement', 'log_min_duration_statement', 'log_min_duration_sample', 'log_statement_sample_rate', \
'log_transaction_sample_rate', 'log_min_error_statement', 'log_error_verbosity', 'log_parameter_max_length', \
'log_parameter_max_length_on_error', 'auto_explain.log_min_duration', 'auto_explain.log_parameter_max_length', \
'pg_stat_statements.track', 'pgaudit.log_parameter') ORDER BY name";

/// One setting of a server.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ServerSetting {
    /// Its name.
    pub name: String,
    /// Its value, in the server's base unit.
    pub value: String,
    /// Where it was set: `default`, `configuration file`, `user`, `database` …
    pub source: String,
    /// The user whom we are there.
    pub role: String,
    /// The database.
    pub database: String,
}

impl ServerUrl {
    /// What the server would write down of our statements. The connection is closed again, and takes no lock.
    ///
    /// # Errors
    /// The server cannot be reached, or refuses.
    pub async fn settings(&self) -> Result<Vec<ServerSetting>, StoreError> {
        let connection = self.options().connect().await;
        let mut connection = connection.map_err(super::postgres::store_error)?;
        let rows = fetch(&mut connection, SETTINGS, &[]).await?;
        let settings = rows.into_iter().map(|row| {
            let texts: Vec<String> = row
                .into_iter()
                .filter_map(|cell| match cell {
                    Cell::Text(text) => Some(text),
                    Cell::Integer(_) | Cell::Bytes(_) => None,
                })
                .collect();
            let [name, value, source, role, database] = texts.try_into().map_err(|_| StoreError::Malformed)?;
            Ok(ServerSetting {
                name,
                value,
                source,
                role,
                database,
            })
        });
        settings.collect()
    }

    /// Does these, looks at what is there then, and takes all of it back: definitions are part of a transaction there.
    pub(crate) async fn rehearse(&self, texts: &[&'static str]) -> Result<Vec<(String, String)>, StoreError> {
        let failed = super::postgres::store_error;
        let mut connection = self.options().connect().await.map_err(failed)?;
        for sql in ["BEGIN"].iter().chain(texts) {
            sqlx::query(*sql).execute(&mut connection).await.map_err(failed)?;
        }
        let rows = fetch(&mut connection, super::postgres::SCHEMA, &[]).await?;
        sqlx::query("ROLLBACK").execute(&mut connection).await.map_err(failed)?;
        let definition = |row| match <[Cell; 2]>::try_from(row) {
            Ok([Cell::Text(name), Cell::Text(sql)]) => Ok((name, sql)),
            _ => Err(StoreError::Malformed),
        };
        rows.into_iter().map(definition).collect()
    }
}
