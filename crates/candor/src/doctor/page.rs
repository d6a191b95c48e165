//! The same rows as a page of the running instance.

use portal::{Doctor, Examined, Finding, FindingState};
use tokio::sync::Mutex;

use super::examine;
use super::report::{Row, State};
use crate::config::Config;

/// What the page asks. One look at a time: a name that leads nowhere takes its seconds.
pub(crate) struct Page {
    config: Mutex<Config>,
}

impl Page {
    /// Of the installation that the running instance was started with.
    pub(crate) fn of(config: &Config) -> Self {
        Self {
            config: Mutex::new(config.clone()),
        }
    }
}

impl Doctor for Page {
    fn examine(&self) -> Examined<'_> {
        Box::pin(async {
            let config = self.config.lock().await;
            examine(config.clone()).await.into_iter().map(finding).collect()
        })
    }
}

fn finding(row: Row) -> Finding {
    let (remedy, note) = match row.remedy {
        Some(remedy) => {
            let (line, note) = parted(&remedy);
            (Some(line.to_owned()), note.map(str::to_owned))
        }
        None => (None, None),
    };
    Finding {
        topic: row.topic,
        state: match row.state {
            State::Good => FindingState::Good,
            State::Look => FindingState::Look,
            State::Bad => FindingState::Bad,
            State::Unknown => FindingState::Unknown,
        },
        found: row.found,
        remedy,
        note,
    }
}

/// The line that can be pasted, and what stands behind it in brackets.
fn parted(remedy: &str) -> (&str, Option<&str>) {
    match remedy.split_once("    (") {
        Some((line, note)) => (line, Some(note.strip_suffix(')').unwrap_or(note))),
        None => (remedy, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_to_paste_stands_without_the_words_about_it() {
        assert_eq!(
            parted("sudo modprobe tun    (in a container: more)"),
            ("sudo modprobe tun", Some("in a container: more"))
        );
        assert_eq!(parted("df -h /var; du -sh /var"), ("df -h /var; du -sh /var", None));
        assert_eq!(parted("f(x)"), ("f(x)", None));
    }
}
