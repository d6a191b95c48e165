//! Erasing oneself, or a member by the operator; and the certificate.

use account::SignedIn;
use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::SET_COOKIE;
use axum::response::Response;
use plan::{Language, MemberId};
use serde::Deserialize;
use store::{Certificate, StoreError};
use zeroize::Zeroizing;

use crate::app::App;
use crate::failure::Failure;
use crate::form::{Ask, Field, Sent, Wrong};
use crate::frame::{Frame, Here, page};
use crate::question::{confirm, secret_field, status};
use crate::session::{Member, Operator, clear_cookie};
use crate::speech::{Speech, say};

/// What the form brings.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct EraseFields {
    pub(crate) word: String,
    pub(crate) password: Zeroizing<String>,
}

#[derive(Template)]
#[template(path = "erase.html")]
struct ErasePage {
    frame: Frame,
    /// The member, when somebody else erases them.
    member: Option<MemberId>,
    word: Field,
    password: Field,
    wrong: Option<Wrong>,
}

#[derive(Template)]
#[template(path = "certificate.html")]
struct CertificatePage {
    frame: Frame,
    own: bool,
    rows: u64,
    text: String,
    /// The text as a `data:` address, so that it can be saved without script.
    download: String,
}

/// `GET /me/erase`
pub(crate) async fn form(State(app): State<App>, speech: Speech, Member(who): Member) -> Result<Response, Failure> {
    form_page(&app, &speech, &who, None, None).await
}

/// `POST /me/erase`
pub(crate) async fn send(
    State(app): State<App>,
    speech: Speech,
    Member(who): Member,
    Sent(fields): Sent<EraseFields>,
) -> Result<Response, Failure> {
    if let Some(wrong) = refuse(&app, &speech, &who, &fields).await? {
        return form_page(&app, &speech, &who, None, Some(wrong)).await;
    }
    let certificate = app.accounts.erase(who.member).await?;
    let frame = app.frame(&speech, speech.say("erased-title"), Here::Nowhere, None);
    let mut response = certificate_page(frame, true, &certificate);
    response.headers_mut().insert(SET_COOKIE, clear_cookie());
    Ok(response)
}

/// `GET /operator/members/{id}/erase`
pub(crate) async fn of_member_form(
    State(app): State<App>,
    speech: Speech,
    Operator(who): Operator,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let member = other_member(&app, &who, &id).await?;
    form_page(&app, &speech, &who, Some(member), None).await
}

/// `POST /operator/members/{id}/erase`
pub(crate) async fn of_member_send(
    State(app): State<App>,
    speech: Speech,
    Operator(who): Operator,
    Path(id): Path<String>,
    Sent(fields): Sent<EraseFields>,
) -> Result<Response, Failure> {
    let member = other_member(&app, &who, &id).await?;
    if let Some(wrong) = refuse(&app, &speech, &who, &fields).await? {
        return form_page(&app, &speech, &who, Some(member), Some(wrong)).await;
    }
    let certificate = app.accounts.erase(member).await?;
    let title = speech.say("erased-member-title");
    let frame = app.member_frame(&speech, title, Here::Members, &who).await?;
    Ok(certificate_page(frame, false, &certificate))
}

/// The member of that id, if there is one; oneself is erased on one's own page.
async fn other_member(app: &App, who: &SignedIn, id: &str) -> Result<MemberId, Failure> {
    let member: MemberId = id.parse().map_err(|_| Failure::NotFound)?;
    if member == who.member {
        return Err(Failure::NotFound);
    }
    match app.accounts.store().subject(member).await {
        Ok(_) => Ok(member),
        Err(StoreError::NoSuchSubject) => Err(Failure::NotFound),
        Err(error) => Err(error.into()),
    }
}

/// Why the form is not enough; `None` when it is.
async fn refuse(app: &App, speech: &Speech, who: &SignedIn, fields: &EraseFields) -> Result<Option<Wrong>, Failure> {
    if !is_the_word(&fields.word) {
        let why = speech.say("refused-word").text("word", speech.say("erase-word"));
        return Ok(Some(Wrong::new("word", why)));
    }
    confirm(app, speech, who.member, &fields.password).await
}

/// Whether what has to be typed was typed, in any language: a keyboard may lack the letters of the page.
pub(crate) fn is_the_word(typed: &str) -> bool {
    let plain = |text: &str| text.trim().to_lowercase().replace('ö', "oe");
    Language::ALL
        .into_iter()
        .any(|language| plain(&say(language, "erase-word").to_string()) == plain(typed))
}

async fn form_page(
    app: &App,
    speech: &Speech,
    who: &SignedIn,
    member: Option<MemberId>,
    wrong: Option<Wrong>,
) -> Result<Response, Failure> {
    let (title, here) = match member {
        Some(_) => (speech.say("erase-member-title"), Here::Members),
        None => (speech.say("erase-title"), Here::Me),
    };
    let mark = |field: Field| field.wrong(wrong.as_ref());
    let word = speech.say("erase-type").text("word", speech.say("erase-word"));
    let template = ErasePage {
        frame: app.member_frame(speech, title, here, who).await?,
        member,
        word: mark(Field::new("word", word, Ask::Text)),
        password: mark(secret_field(app, speech, who.member).await?),
        wrong: wrong.clone(),
    };
    Ok(page(status(wrong.as_ref()), &template))
}

fn certificate_page(frame: Frame, own: bool, certificate: &Certificate) -> Response {
    page(
        StatusCode::OK,
        &CertificatePage {
            frame,
            own,
            rows: certificate.rows,
            text: certificate.text.clone(),
            download: data_address(&certificate.text),
        },
    )
}

/// A text as an address of its own (RFC 2397).
pub(crate) fn data_address(text: &str) -> String {
    let mut address = "data:text/plain;charset=utf-8,".to_owned();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => address.push(char::from(byte)),
            other => address.push_str(&format!("%{other:02X}")),
        }
    }
    address
}

#[cfg(test)]
mod tests {
    use super::{data_address, is_the_word};

    #[test]
    fn a_data_address_has_no_character_that_ends_it() {
        assert_eq!(
            data_address("a: \"ü\"\n"),
            "data:text/plain;charset=utf-8,a%3A%20%22%C3%BC%22%0A"
        );
    }

    #[test]
    fn the_word_is_taken_in_every_language() {
        for typed in [" Erase ", "löschen", "LÖSCHEN", "loeschen"] {
            assert!(is_the_word(typed), "{typed}");
        }
        for typed in ["", "eras", "losche", "erase me"] {
            assert!(!is_the_word(typed), "{typed}");
        }
    }
}
