//! What anybody may know about this server: how devices reach it, what it can do, and how busy it is where the policy
//! releases that.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use plan::FieldId;

use crate::app::App;
use crate::failure::Failure;
use crate::frame::{Frame, Here, page};
use crate::picture::Svg;
use crate::picture::steps::steps;
use crate::session::Guest;
use crate::speech::{Saying, Speech};
use crate::vpn::{Load, VpnState};
use crate::words;

/// The fewest people behind a figure, whatever smaller number the policy may say.
const PEOPLE_AT_LEAST: u32 = 10;
/// Where the next class of traffic begins, in bits a second. Guesses about what one machine feels.
const BUSIER_AT: [u64; 3] = [10_000_000, 100_000_000, 500_000_000];
/// Numbers of people are rounded down to one of these.
const PEOPLE_STEPS: [u32; 4] = [50, 200, 1_000, 5_000];

#[derive(Template)]
#[template(path = "server.html")]
struct ServerPage {
    frame: Frame,
    devices: bool,
    state: VpnState,
    load: Vec<(Saying, String)>,
    /// Why there is none, or what it is.
    load_words: Saying,
    picture: Option<Svg>,
}

/// `GET /network`
pub(crate) async fn server(State(app): State<App>, speech: Speech, guest: Guest) -> Result<Response, Failure> {
    let shown = shown(released(&app), app.vpn.load());
    let mut load = Vec::new();
    let (load_words, picture) = match shown {
        Shown::NotReleased => (speech.say("load-not-released"), None),
        Shown::NotMeasured => (speech.say("load-not-measured"), None),
        Shown::TooFew(k) => (speech.say("load-too-few").number("people", k), None),
        Shown::Class { step, people, seconds } => {
            let words = class_words(&speech, step);
            load.push((speech.say("load-traffic"), words.to_string()));
            let at_least = speech.say("load-at-least").number("people", people);
            load.push((speech.say("load-people"), at_least.to_string()));
            let window = speech
                .say("load-window")
                .text("length", words::length_within(speech.language, seconds));
            (window, Some(steps(&words, step + 1, BUSIER_AT.len() + 1)))
        }
    };
    let title = speech.say("server-title");
    let template = ServerPage {
        frame: app.frame(&speech, title, Here::Server, guest.signed_in.as_ref()),
        devices: app.accounts.has_devices(),
        state: app.vpn.state(),
        load,
        load_words,
        picture,
    };
    Ok(page(StatusCode::OK, &template))
}

/// The fewest people behind a figure about traffic, where the policy releases such figures at all.
fn released(app: &App) -> Option<u32> {
    let aggregates = app.plan().parts().releases.iter();
    let of_usage = aggregates.filter(|aggregate| aggregate.fields.contains(&FieldId::UsageBytes));
    of_usage.map(|aggregate| aggregate.k.max(PEOPLE_AT_LEAST)).max()
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Shown {
    /// The policy releases no figure about traffic.
    NotReleased,
    /// No period has passed since the start.
    NotMeasured,
    /// Fewer people than the policy asks for stand behind the figure.
    TooFew(u32),
    Class {
        step: usize,
        people: u32,
        seconds: i64,
    },
}

fn shown(released: Option<u32>, load: Option<Load>) -> Shown {
    let (Some(k), load) = (released, load) else {
        return Shown::NotReleased;
    };
    let Some(load) = load else {
        return Shown::NotMeasured;
    };
    if load.people < k {
        return Shown::TooFew(k);
    }
    let bits = load.bytes.saturating_mul(8) / u64::from(load.seconds.max(1));
    let steps = PEOPLE_STEPS
        .into_iter()
        .filter(|step| *step > k && *step <= load.people);
    Shown::Class {
        step: BUSIER_AT.iter().filter(|from| bits >= **from).count(),
        people: steps.max().unwrap_or(k),
        seconds: i64::from(load.seconds),
    }
}

fn class_words(speech: &Speech, step: usize) -> Saying {
    match step {
        0 => speech.say("load-quiet"),
        1 => speech.say("load-moderate"),
        2 => speech.say("load-busy"),
        _ => speech.say("load-very-busy"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(people: u32, bytes: u64) -> Option<Load> {
        Some(Load {
            seconds: 300,
            bytes,
            people,
        })
    }

    #[test]
    fn nothing_is_shown_that_the_policy_does_not_release() {
        assert_eq!(shown(None, load(10_000, 1 << 40)), Shown::NotReleased);
    }

    #[test]
    fn nobody_is_singled_out() {
        for people in 0..20 {
            assert_eq!(shown(Some(20), load(people, 1 << 40)), Shown::TooFew(20));
        }
        // What is shown is the same for every number between two steps.
        for people in 20..50 {
            assert_eq!(shown(Some(20), load(people, 1)), shown(Some(20), load(20, 1)));
        }
        assert!(matches!(shown(Some(20), load(50, 1)), Shown::Class { people: 50, .. }));
    }

    #[test]
    fn traffic_is_a_class() {
        let step = |megabits: u64| match shown(Some(10), load(10, megabits * 1_000_000 / 8 * 300)) {
            Shown::Class { step, .. } => step,
            other => panic!("{other:?}"),
        };
        assert_eq!(
            [step(0), step(9), step(10), step(99), step(100), step(900)],
            [0, 0, 1, 1, 2, 3]
        );
    }
}
