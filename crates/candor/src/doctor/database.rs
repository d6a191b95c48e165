//! The database server: whether it answers, and whether its log could hold what Candor hands to it.

use std::time::Duration;

use store::{Place, ServerSetting, ServerUrl};
use tokio::time::timeout;

use super::Row;

const SERVER: &str = "database server";
const LOG: &str = "database log";
/// A server that does not answer within it is told of as one that does not answer.
const ANSWERS_WITHIN: Duration = Duration::from_secs(5);

pub(super) async fn rows(place: anyhow::Result<Place>) -> Vec<Row> {
    let (rows, keys) = match place {
        Err(wrong) => return vec![Row::bad(SERVER, crate::chain(&wrong), "candor serve --check")],
        Ok(Place::Folder(_)) => return Vec::new(),
        Ok(Place::Servers { rows, keys }) => (rows, keys),
    };
    let mut found = Vec::new();
    for url in [rows, keys] {
        found.extend(of_server(&url).await);
    }
    found
}

async fn of_server(url: &ServerUrl) -> Vec<Row> {
    match timeout(ANSWERS_WITHIN, url.settings()).await {
        Ok(Ok(settings)) => {
            let mut found = vec![Row::good(SERVER, format!("{url} answers"))];
            found.extend(judge(&url.to_string(), &settings));
            found
        }
        Ok(Err(error)) => vec![silent(url, &error.to_string())],
        Err(_) => vec![silent(url, "it does not answer within 5 seconds")],
    }
}

fn silent(url: &ServerUrl, why: &str) -> Row {
    Row::bad(
        SERVER,
        format!("{url} cannot be asked: {why}"),
        "sudo systemctl status postgresql    (and see `url`, `keys_url` and `password_file` under [store] in candor.toml)",
    )
}

/// What these settings let the server write down.
fn judge(server: &str, settings: &[ServerSetting]) -> Vec<Row> {
    let value = |name: &str| {
        let found = settings.iter().find(|setting| setting.name == name);
        found.map_or("", |setting| setting.value.as_str())
    };
    let is_off = |name: &str| matches!(value(name), "" | "-1" | "0" | "none" | "off");
    let samples = value("log_min_duration_sample") != "-1" && !is_off("log_statement_sample_rate");
    let statements = matches!(value("log_statement"), "mod" | "all")
        || value("log_min_duration_statement") != "-1"
        || samples
        || !is_off("log_transaction_sample_rate");
    let mut rows = Vec::new();
    let mut tell = |name: &str, is_bad: bool, found: String, to: &str| {
        let line = line(settings, name, to);
        rows.push(match is_bad {
            true => Row::bad(LOG, found, line),
            false => Row::look(LOG, found, line),
        });
    };
    if statements && value("log_parameter_max_length") != "0" {
        tell(
            "log_parameter_max_length",
            true,
            format!("{server} logs statements with the values that are handed to them"),
            "0",
        );
    }
    if value("log_parameter_max_length_on_error") != "0" {
        tell(
            "log_parameter_max_length_on_error",
            true,
            format!("{server} logs the values of a statement that fails"),
            "0",
        );
    }
    let explains = value("auto_explain.log_min_duration");
    if !matches!(explains, "" | "-1") && value("auto_explain.log_parameter_max_length") != "0" {
        tell(
            "auto_explain.log_min_duration",
            true,
            format!("{server} logs the plans of statements with their values (auto_explain)"),
            "-1",
        );
    }
    if value("pgaudit.log_parameter") == "on" {
        tell(
            "pgaudit.log_parameter",
            true,
            format!("{server} writes the values of statements into its audit log (pgaudit)"),
            "off",
        );
    }
    if value("log_error_verbosity") != "terse" {
        tell(
            "log_error_verbosity",
            false,
            format!("{server} logs the detail of a refused row, which names ids"),
            "terse",
        );
    }
    for (name, is_on, to) in [
        ("log_statement", matches!(value("log_statement"), "mod" | "all"), "none"),
        (
            "log_min_duration_statement",
            value("log_min_duration_statement") != "-1",
            "-1",
        ),
        ("log_min_duration_sample", samples, "-1"),
        (
            "log_transaction_sample_rate",
            !is_off("log_transaction_sample_rate"),
            "0",
        ),
        (
            "log_min_error_statement",
            value("log_min_error_statement") != "panic",
            "panic",
        ),
    ] {
        if is_on {
            tell(
                name,
                false,
                format!(
                    "{server} logs statements, without values, and when they came ({name} = {})",
                    value(name)
                ),
                to,
            );
        }
    }
    if !is_off("pg_stat_statements.track") {
        tell(
            "pg_stat_statements.track",
            false,
            format!("{server} counts statements by their text, without values (pg_stat_statements)"),
            "none",
        );
    }
    if rows.is_empty() {
        let found = format!("{server} writes down neither values nor statements of this user");
        return vec![Row::good(LOG, found)];
    }
    rows
}

/// What sets it where it was set: a value of the user wins over one of the whole server.
fn line(settings: &[ServerSetting], name: &str, to: &str) -> String {
    let setting = settings.iter().find(|setting| setting.name == name);
    let change = match setting.map(|setting| (setting.source.as_str(), setting)) {
        Some(("user", setting)) => format!("ALTER ROLE \"{}\" SET {name} = '{to}'", setting.role),
        Some(("database", setting)) => format!("ALTER DATABASE \"{}\" SET {name} = '{to}'", setting.database),
        Some(("database user", setting)) => format!(
            "ALTER ROLE \"{}\" IN DATABASE \"{}\" SET {name} = '{to}'",
            setting.role, setting.database
        ),
        Some(_) | None => {
            return format!(
                "sudo -u postgres psql -c \"ALTER SYSTEM SET {name} = '{to}'\" -c 'SELECT pg_reload_conf()'    (for this user \
                 alone: ALTER ROLE … SET {name} = '{to}')"
            );
        }
    };
    format!("sudo -u postgres psql -c '{}'", change.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::report::State;

    /// A server that writes down nothing, with one setting changed.
    fn with(name: &str, value: &str, source: &str) -> Vec<ServerSetting> {
        let quiet = [
            ("log_statement", "none"),
            ("log_min_duration_statement", "-1"),
            ("log_min_duration_sample", "-1"),
            ("log_statement_sample_rate", "1"),
            ("log_transaction_sample_rate", "0"),
            ("log_min_error_statement", "panic"),
            ("log_error_verbosity", "terse"),
            ("log_parameter_max_length", "-1"),
            ("log_parameter_max_length_on_error", "0"),
        ];
        let one = |name: &str, value: &str, source: &str| ServerSetting {
            name: name.to_owned(),
            value: value.to_owned(),
            source: source.to_owned(),
            role: "candor".to_owned(),
            database: "rows".to_owned(),
        };
        let kept = quiet.iter().filter(|(quiet, _)| *quiet != name);
        let mut all: Vec<ServerSetting> = kept.map(|(name, value)| one(name, value, "default")).collect();
        if !name.is_empty() {
            all.push(one(name, value, source));
        }
        all
    }

    #[test]
    fn a_quiet_server_is_good_and_every_loud_setting_is_told_with_its_line() {
        let rows = judge("s", &with("", "", ""));
        assert!(rows.len() == 1 && rows[0].state == State::Good, "{rows:?}");
        for (name, value, state) in [
            ("log_statement", "all", State::Bad),
            ("log_statement", "mod", State::Bad),
            ("log_min_duration_statement", "0", State::Bad),
            ("log_min_duration_sample", "100", State::Bad),
            ("log_transaction_sample_rate", "0.5", State::Bad),
            ("log_parameter_max_length_on_error", "-1", State::Bad),
            ("auto_explain.log_min_duration", "0", State::Bad),
            ("pgaudit.log_parameter", "on", State::Bad),
            ("log_error_verbosity", "default", State::Look),
            ("log_min_error_statement", "error", State::Look),
            ("pg_stat_statements.track", "top", State::Look),
        ] {
            let rows = judge("s", &with(name, value, "configuration file"));
            let worst = rows.iter().any(|row| row.state == State::Bad);
            assert_eq!(worst, state == State::Bad, "{name}: {rows:?}");
            let named = |row: &Row| {
                row.remedy
                    .as_ref()
                    .is_some_and(|line| line.contains(&format!("SET {name} =")))
            };
            assert!(rows.iter().any(named), "{name}: {rows:?}");
        }
    }

    #[test]
    fn statements_without_values_are_worth_a_look_and_no_more() {
        let mut settings = with("log_statement", "all", "default");
        for setting in &mut settings {
            if setting.name == "log_parameter_max_length" {
                setting.value = "0".to_owned();
            }
        }
        let rows = judge("s", &settings);
        assert!(rows.len() == 1 && rows[0].state == State::Look, "{rows:?}");
    }

    #[test]
    fn a_setting_is_mended_where_it_was_made() {
        for (source, words) in [
            (
                "configuration file",
                "ALTER SYSTEM SET log_error_verbosity = 'terse'\" -c 'SELECT pg_reload_conf()'",
            ),
            ("user", "ALTER ROLE \"candor\" SET log_error_verbosity"),
            ("database", "ALTER DATABASE \"rows\" SET log_error_verbosity"),
        ] {
            let rows = judge("s", &with("log_error_verbosity", "verbose", source));
            assert!(rows[0].remedy.as_ref().unwrap().contains(words), "{rows:?}");
        }
    }
}
