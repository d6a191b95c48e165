//! Erasing oneself, or a member by the operator; and the certificate.

use account::{SignInError, SignedIn};
use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::SET_COOKIE;
use axum::response::Response;
use plan::MemberId;
use serde::Deserialize;
use store::{Certificate, StoreError};
use zeroize::Zeroizing;

use crate::app::App;
use crate::failure::Failure;
use crate::form::{Ask, Field, Sent, Wrong};
use crate::frame::{Frame, Here, page};
use crate::session::{Member, Operator, clear_cookie};

/// What has to be typed.
const WORD: &str = "erase";

/// What the form brings.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct EraseFields {
    word: String,
    password: Zeroizing<String>,
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
pub(crate) async fn form(State(app): State<App>, Member(who): Member) -> Result<Response, Failure> {
    form_page(&app, &who, None, None).await
}

/// `POST /me/erase`
pub(crate) async fn send(
    State(app): State<App>,
    Member(who): Member,
    Sent(fields): Sent<EraseFields>,
) -> Result<Response, Failure> {
    if let Some(wrong) = refuse(&app, &who, &fields).await? {
        return form_page(&app, &who, None, Some(wrong)).await;
    }
    let certificate = app.accounts.erase(who.member).await?;
    let frame = app.frame("You are erased", Here::Nowhere, None);
    let mut response = certificate_page(frame, true, &certificate);
    response.headers_mut().insert(SET_COOKIE, clear_cookie());
    Ok(response)
}

/// `GET /operator/members/{id}/erase`
pub(crate) async fn of_member_form(
    State(app): State<App>,
    Operator(who): Operator,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let member = other_member(&app, &who, &id).await?;
    form_page(&app, &who, Some(member), None).await
}

/// `POST /operator/members/{id}/erase`
pub(crate) async fn of_member_send(
    State(app): State<App>,
    Operator(who): Operator,
    Path(id): Path<String>,
    Sent(fields): Sent<EraseFields>,
) -> Result<Response, Failure> {
    let member = other_member(&app, &who, &id).await?;
    if let Some(wrong) = refuse(&app, &who, &fields).await? {
        return form_page(&app, &who, Some(member), Some(wrong)).await;
    }
    let certificate = app.accounts.erase(member).await?;
    let frame = app.member_frame("The member is erased", Here::Members, &who).await?;
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
async fn refuse(app: &App, who: &SignedIn, fields: &EraseFields) -> Result<Option<Wrong>, Failure> {
    if fields.word.trim().to_lowercase() != WORD {
        return Ok(Some(Wrong::new(
            "word",
            format!("type the word {WORD} to go on; nothing was erased"),
        )));
    }
    match app.accounts.confirm(who.member, &fields.password).await {
        Ok(()) => Ok(None),
        Err(SignInError::Store(error)) => Err(error.into()),
        Err(SignInError::TooOften) => Err(Failure::TooOften),
        Err(error @ SignInError::Busy) => Ok(Some(Wrong::new("form", error))),
        Err(SignInError::Wrong) => Ok(Some(Wrong::new(
            "password",
            "this is not your password; nothing was erased",
        ))),
    }
}

async fn form_page(
    app: &App,
    who: &SignedIn,
    member: Option<MemberId>,
    wrong: Option<Wrong>,
) -> Result<Response, Failure> {
    let (title, here) = match member {
        Some(_) => ("Erase a member", Here::Members),
        None => ("Erase me", Here::Me),
    };
    let mark = |field: Field| field.wrong(wrong.as_ref());
    let template = ErasePage {
        frame: app.member_frame(title, here, who).await?,
        member,
        word: mark(Field::new("word", "Type the word erase", Ask::Text)),
        password: mark(Field::new("password", "Your password", Ask::Password)),
        wrong: wrong.clone(),
    };
    let status = match wrong {
        Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
        None => StatusCode::OK,
    };
    Ok(page(status, &template))
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
fn data_address(text: &str) -> String {
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
    use super::data_address;

    #[test]
    fn a_data_address_has_no_character_that_ends_it() {
        assert_eq!(
            data_address("a: \"ü\"\n"),
            "data:text/plain;charset=utf-8,a%3A%20%22%C3%BC%22%0A"
        );
    }
}
