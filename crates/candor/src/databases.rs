//! Which databases an instance has: files in its data folder, or those of a PostgreSQL server.

use std::path::Path;

use anyhow::Context as _;
use store::{Place, ServerUrl};

use crate::config::Config;

impl Config {
    /// Where the databases of this configuration are.
    ///
    /// # Errors
    /// A URL is wrong, or the file with the password cannot be read.
    pub(crate) fn place(&self) -> anyhow::Result<Place> {
        let (Some(rows), Some(keys)) = (&self.store.url, &self.store.keys_url) else {
            return Ok(Place::Folder(self.data.clone()));
        };
        let password = self.store.password_file.as_deref().map(password).transpose()?;
        let server = |key: &str, url: &str| -> anyhow::Result<ServerUrl> {
            let url = ServerUrl::parse(url).with_context(|| format!("`{key}` under [store] is wrong"))?;
            Ok(match &password {
                Some(password) => url.with_password(password),
                None => url,
            })
        };
        Ok(Place::Servers {
            rows: server("url", rows)?,
            keys: server("keys_url", keys)?,
        })
    }
}

/// The first line of a file.
fn password(file: &Path) -> anyhow::Result<String> {
    let text = std::fs::read_to_string(file).with_context(|| {
        format!(
            "`password_file` under [store]: {} cannot be read; is the name right, and may this user read it?",
            file.display()
        )
    })?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

/// A text in which passwords of URLs are masked: what stands between `://user:` and `@`.
pub(crate) fn without_passwords(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("://") {
        shown.push_str(before);
        shown.push_str("://");
        let end = after.find(['"', '\'', '\n', ' ']).unwrap_or(after.len());
        let (url, behind) = after.split_at(end);
        match url.rsplit_once('@') {
            Some((login, place)) => {
                shown.push_str(login.split(':').next().unwrap_or_default());
                shown.push_str(":…@");
                shown.push_str(place.split("password=").next().unwrap_or_default());
            }
            None => shown.push_str(url.split("password=").next().unwrap_or_default()),
        }
        rest = behind;
    }
    shown.push_str(rest);
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_of_urls_are_masked() {
        for (text, shown) in [
            ("nothing here", "nothing here"),
            ("a = \"http://localhost:8080\"", "a = \"http://localhost:8080\""),
            (
                "urll = \"postgres://ada:s3cret:@x@db:5432/candor\" ^^",
                "urll = \"postgres://ada:…@db:5432/candor\" ^^",
            ),
            ("u = 'postgres:///candor?password=s3cret'", "u = 'postgres:///candor?'"),
        ] {
            assert_eq!(without_passwords(text), shown);
        }
    }

    #[test]
    fn a_url_under_a_wrong_key_is_not_shown_with_its_password() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("candor.toml");
        std::fs::write(&file, "[store]\nurll = \"postgres://ada:s3cret@localhost/candor\"\n").unwrap();
        let error = format!("{:#}", Config::read(Some(&file)).unwrap_err());
        assert!(error.contains("urll") && !error.contains("s3cret"), "{error}");
    }

    #[test]
    fn the_password_of_a_file_is_taken_and_shown_nowhere() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("password");
        std::fs::write(&file, "s3cret\n").unwrap();
        let mut config = Config::default();
        config.store.url = Some("postgres://ada@localhost/candor".to_owned());
        config.store.keys_url = Some("postgres://ada@localhost/candor_keys".to_owned());
        config.store.password_file = Some(file);
        let place = config.place().unwrap();
        assert!(!format!("{config:?} {place:?} {place}").contains("s3cret"));
        config.store.password_file = Some("/nowhere/password".into());
        assert!(format!("{:#}", config.place().unwrap_err()).contains("password_file"));
    }
}
