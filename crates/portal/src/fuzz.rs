//! The body of the fuzz target, shared with the test that replays its corpus: what a stranger can send before anything is
//! known about them.

use account::{INVITATIONS_LIMIT, InvitationError, KeyText, RecoveryCode};
use axum::body::Body;
use axum::extract::FromRequest as _;
use axum::http::header::{ACCEPT_LANGUAGE, CONTENT_TYPE, COOKIE, HeaderMap};
use axum::http::{HeaderValue, Method, Request, Uri};
use plan::{DeviceId, Digest, Language, MemberId};
use serde::de::DeserializeOwned;

use crate::api::account::{AgreementBody, EmailBody, EraseBody, OldNumberBody, PasswordBody};
use crate::api::devices::{NewDeviceBody, RenameBody};
use crate::api::entry::{JoinBody, ResetBody, SignInBody};
use crate::api::operator::{BatchBody, FindBody, InvitationListBody, NewInvitationsBody};
use crate::api::request::of_json;
use crate::form::{Ask, Field, Wrong};
use crate::import::{self, ImportError};
use crate::pages::account::AcceptFields;
use crate::pages::devices::{self, DeviceFields, RenameFields, file_name};
use crate::pages::erase::{EraseFields, is_the_word};
use crate::pages::import::ImportFields;
use crate::pages::invitations::InviteFields;
use crate::pages::join::JoinFields;
use crate::pages::me::EmailFields;
use crate::pages::members::{self, TariffFields, parse_batch};
use crate::pages::programs::TokenFields;
use crate::pages::secrets::{NumberFields, PasswordFields};
use crate::pages::sign_in::{ResetFields, SignInFields};
use crate::refusal::Refusal as _;
use crate::session::token_of;
use crate::speech::{Speech, say};

/// The first line says what arrives, the rest is that. Panics on a broken invariant.
#[doc(hidden)]
pub fn fuzz_forms(bytes: &[u8]) {
    let end = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
    let (kind, rest) = bytes.split_at(end);
    let body = rest.strip_prefix(b"\n").unwrap_or(rest);
    match kind {
        b"join" => join(body),
        b"device" => device(body),
        b"rename" => drop(parsed::<RenameFields>(body).map(|fields| given_back(&fields.label, Ask::Text))),
        b"token" => token(body),
        b"password" => drop(parsed::<PasswordFields>(body)),
        b"erase" => erase(body),
        b"email" => drop(parsed::<EmailFields>(body).map(|fields| given_back(&fields.email, Ask::Email))),
        b"sign-in" => drop(parsed::<SignInFields>(body).map(|fields| given_back(&fields.email, Ask::Email))),
        b"reset" => reset(body),
        b"accept" => drop(parsed::<AcceptFields>(body).map(|fields| fields.accepted.parse::<Digest>())),
        b"tariff" => drop(parsed::<TariffFields>(body)),
        b"number" => drop(parsed::<NumberFields>(body)),
        b"find" => drop(parsed::<members::FindFields>(body)),
        b"find-device" => drop(parsed::<devices::FindFields>(body).map(|fields| given_back(&fields.label, Ask::Text))),
        b"invite" => drop(parsed::<InviteFields>(body)),
        b"batch" => drop(parsed::<Vec<(String, String)>>(body).map(parse_batch)),
        b"import" => drop(parsed::<ImportFields>(body).map(|fields| list(&fields.text))),
        b"list" => list(&String::from_utf8_lossy(body)),
        b"address" => address(body),
        b"cookie" => cookie(body),
        _ => json(kind, body),
    }
}

/// Bodies of the API, each as its operation reads it.
fn json(kind: &[u8], body: &[u8]) {
    match kind {
        b"json join" => drop(of_json::<JoinBody>(body)),
        b"json sign-in" => drop(of_json::<SignInBody>(body)),
        b"json reset" => drop(of_json::<ResetBody>(body)),
        b"json agreement" => drop(of_json::<AgreementBody>(body)),
        b"json email" => drop(of_json::<EmailBody>(body)),
        b"json password" => drop(of_json::<PasswordBody>(body)),
        b"json old number" => drop(of_json::<OldNumberBody>(body)),
        b"json erase" => drop(of_json::<EraseBody>(body)),
        b"json device" => drop(of_json::<NewDeviceBody>(body)),
        b"json rename" => drop(of_json::<RenameBody>(body)),
        b"json find" => drop(of_json::<FindBody>(body)),
        b"json batch" => drop(of_json::<BatchBody>(body).map(|mut batch| batch.change().map(|_| ()))),
        b"json invitations" => drop(of_json::<NewInvitationsBody>(body)),
        b"json list" => drop(of_json::<InvitationListBody>(body)),
        _ => {}
    }
}

/// A list of invitations as a spreadsheet wrote it.
fn list(text: &str) {
    let lines = 1 + import::line_ends(text);
    let read = import::read(text, |one| match (one.uses, one.days) {
        (0, _) => Err(InvitationError::Uses),
        (_, 0) => Err(InvitationError::Days),
        _ => Ok(()),
    });
    match read {
        Ok(wanted) => assert!((1..=INVITATIONS_LIMIT).contains(&wanted.len())),
        Err(error) => {
            if let ImportError::Cells { line, .. } | ImportError::Line { line, .. } = &error {
                assert!((2..=lines).contains(line), "line {line} of {lines}");
            }
            let (speech, _) = Speech::of(&Method::GET, &Uri::from_static("/"), &HeaderMap::new());
            assert!(!error.said(&speech).to_string().is_empty());
        }
    }
}

/// The body as the handlers read it.
fn parsed<T: DeserializeOwned>(body: &[u8]) -> Option<T> {
    let request = Request::post("/")
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(body.to_vec()))
        .ok()?;
    let runtime = tokio::runtime::Builder::new_current_thread().build().ok()?;
    let form = runtime.block_on(axum::Form::<T>::from_request(request, &()));
    form.ok().map(|axum::Form(fields)| fields)
}

fn join(body: &[u8]) {
    let Some(fields) = parsed::<JoinFields>(body) else {
        return;
    };
    given_back(&fields.age, Ask::Age);
    given_back(&fields.email, Ask::Email);
    let _age = fields.age.trim().parse::<u8>();
    if let Ok(digest) = fields.accepted.parse::<Digest>() {
        assert_eq!(digest.to_string().parse(), Ok(digest));
    }
}

fn device(body: &[u8]) {
    let Some(fields) = parsed::<DeviceFields>(body) else {
        return;
    };
    given_back(&fields.label, Ask::Text);
    given_back(&fields.public_key, Ask::Text);
    if let Ok(key) = fields.public_key.parse::<KeyText>() {
        assert_eq!(key.to_string().len(), 44);
    }
    let name = file_name(&fields.label);
    let stem = name
        .strip_suffix(".conf")
        .expect("a configuration's name ends with .conf");
    assert!((1..=15).contains(&stem.len()), "wg-quick does not take {name}");
    assert!(
        stem.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)),
        "{name}"
    );
}

fn token(body: &[u8]) {
    let Some(fields) = parsed::<Vec<(String, String)>>(body).and_then(TokenFields::from_pairs) else {
        return;
    };
    given_back(&fields.label, Ask::Text);
    assert_eq!(fields.scopes.to_string().parse(), Ok(fields.scopes), "scopes survive");
}

fn erase(body: &[u8]) {
    let Some(fields) = parsed::<EraseFields>(body) else {
        return;
    };
    given_back(&fields.word, Ask::Text);
    if is_the_word(&fields.word) {
        assert!(fields.word.trim().chars().count() <= 8, "more than the word was typed");
    }
}

fn reset(body: &[u8]) {
    let Some(fields) = parsed::<ResetFields>(body) else {
        return;
    };
    given_back(&fields.email, Ask::Email);
    let _code = RecoveryCode::from_typed(&fields.code);
}

/// What was typed stands in the form again, and nothing of it becomes an element or an attribute.
fn given_back(typed: &str, ask: Ask) {
    let field = |value: &str| {
        let english = Language::English;
        let wrong = Wrong::new("name", say(english, "refused-label").number("limit", 40_u32));
        let field = Field::new("name", say(english, "devices-label"), ask).typed(value);
        field.wrong(Some(&wrong)).to_string()
    };
    let (with, without) = (field(typed), field(""));
    for mark in ['<', '>', '"', '\''] {
        assert_eq!(
            with.matches(mark).count(),
            without.matches(mark).count(),
            "{typed:?} made a {mark}"
        );
    }
}

/// `PATH`, and on the next line what the browser says of its languages.
fn address(body: &[u8]) {
    let text = String::from_utf8_lossy(body);
    let (path, languages) = text.split_once('\n').unwrap_or((&text, ""));
    for id in path.split('/') {
        let _ids = (id.parse::<MemberId>(), id.parse::<DeviceId>());
    }
    let (Ok(uri), Ok(languages)) = (path.parse::<Uri>(), HeaderValue::from_str(languages)) else {
        return;
    };
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT_LANGUAGE, languages);
    let (speech, rest) = Speech::of(&Method::GET, &uri, &headers);
    if let Some(rest) = rest {
        assert!(rest.path().starts_with('/'), "{rest}");
        assert!(
            rest.to_string().len() < uri.to_string().len() + 1,
            "{uri} grew to {rest}"
        );
    }
    for (language, other) in speech.others() {
        let front = format!("/{}", language.tag());
        let after = other.strip_prefix(&front).expect("the language is at the front");
        assert!(
            after.is_empty() || after.starts_with(['/', '?', '*']),
            "{other} leads elsewhere"
        );
    }
}

fn cookie(body: &[u8]) {
    let Ok(value) = HeaderValue::from_bytes(body) else {
        return;
    };
    let mut headers = HeaderMap::new();
    headers.insert(COOKIE, value);
    if let Some(token) = token_of(&headers) {
        assert!(
            String::from_utf8_lossy(body).contains(&token.to_cookie()),
            "a token from nowhere"
        );
    }
}
