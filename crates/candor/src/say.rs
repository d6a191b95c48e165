//! What the program prints: answers to commands on standard output, events on standard error.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "the one place that prints")]

use std::fmt::Display;
use std::io::Write as _;

use plan::Event;

/// An answer to a command. A reader that has gone away (a closed pipe) ends nothing.
pub(crate) fn answer(text: impl Display) {
    let _reader_gone = writeln!(std::io::stdout(), "{text}");
}

/// Something that happened: counts, durations and codes.
pub(crate) fn event(event: Event) {
    let _reader_gone = writeln!(std::io::stderr(), "candor: {event}");
}

/// A step of long work, for somebody who waits.
pub(crate) fn progress(step: &str) {
    let _reader_gone = writeln!(std::io::stderr(), "… {step}");
}

/// Why a command did not do what it was asked.
pub(crate) fn complaint(text: impl Display) {
    let _reader_gone = writeln!(std::io::stderr(), "{text}");
}

/// A panic prints its place and not its message: the message could quote a person.
pub(crate) fn quiet_panics() {
    std::panic::set_hook(Box::new(|info| match info.location() {
        Some(place) => complaint(format_args!("candor: a defect at {}:{}", place.file(), place.line())),
        None => complaint("candor: a defect at an unknown place"),
    }));
}
