//! Everything that is held about a member, as a ZIP: for people and for programs.

use std::io::{Cursor, Write as _};

use askama::Template;
use axum::extract::State;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use plan::{MemberId, Timestamp};
use serde_json::{Map, Value, json};
use store::{Export, ExportRow, ExportTable};
use zip::CompressionMethod;
use zip::write::{SimpleFileOptions, ZipWriter};

use crate::app::App;
use crate::failure::Failure;
use crate::pages::me;
use crate::session::Member;
use crate::speech::{Saying, Speech};

#[derive(Template)]
#[template(path = "export.html")]
struct ReadablePage<'a> {
    speech: &'a Speech,
    controller: &'a str,
    contact: &'a str,
    export: &'a Export,
}

impl ReadablePage<'_> {
    fn about(&self, table: &ExportTable) -> String {
        me::about(self.speech.language, table)
    }

    fn source(&self, row: &ExportRow) -> Saying {
        let until = match row.expires_at {
            Timestamp::NEVER => self.speech.say("until-account-closed").to_string(),
            end => end.to_string(),
        };
        let source = self.speech.say("export-source");
        source
            .text("source", me::origin(self.speech, row.origin))
            .text("until", until)
    }
}

/// `GET` or `POST /me/export`
pub(crate) async fn export(State(app): State<App>, speech: Speech, Member(who): Member) -> Result<Response, Failure> {
    response(&app, &speech, who.member).await
}

/// The archive as an answer.
pub(crate) async fn response(app: &App, speech: &Speech, member: MemberId) -> Result<Response, Failure> {
    let export = app.accounts.export(member).await?;
    let controller = &app.plan().parts().controller;
    let page = ReadablePage {
        speech,
        controller: &controller.name,
        contact: &controller.contact,
        export: &export,
    };
    let html = page.render().map_err(|_| Failure::Ourselves)?;
    let json = serde_json::to_string_pretty(&to_json(&export)).map_err(|_| Failure::Ourselves)?;
    let files = [
        ("about-me.html", html.as_str()),
        ("about-me.json", json.as_str()),
        ("policy.json", app.policy_json.as_str()),
        ("policy.kdl", app.policy.source()),
    ];
    let archive = archive(&files).map_err(|_| Failure::Ourselves)?;
    let headers = [
        (CONTENT_TYPE, "application/zip"),
        (CONTENT_DISPOSITION, "attachment; filename=\"about-me.zip\""),
    ];
    Ok((headers, archive).into_response())
}

/// The files in one archive, uncompressed: they are a few kilobytes.
fn archive(files: &[(&str, &str)]) -> Result<Vec<u8>, zip::result::ZipError> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for (name, text) in files {
        archive.start_file(*name, options)?;
        archive.write_all(text.as_bytes())?;
    }
    Ok(archive.finish()?.into_inner())
}

/// An export as programs read it.
pub fn to_json(export: &Export) -> Value {
    let tables = export.tables.iter().map(|table| {
        json!({
            "table": table.name,
            "about": table.about,
            "rows": table.rows.iter().map(row_json).collect::<Vec<_>>(),
        })
    });
    json!({
        "format": "candor export 1",
        "made_at": export.made_at.to_string(),
        "plan_digest": export.plan_digest.to_string(),
        "tables": tables.collect::<Vec<_>>(),
    })
}

fn row_json(row: &ExportRow) -> Value {
    let mut values = Vec::new();
    for column in &row.columns {
        let mut value = Map::new();
        value.insert("field".to_owned(), json!(column.field.key()));
        value.insert("words".to_owned(), json!(column.field.words()));
        // A secret is held and never shown, not even to the person: it would let somebody else in.
        value.insert(
            "value".to_owned(),
            json!(column.value.as_ref().map(ToString::to_string)),
        );
        value.insert("shown".to_owned(), json!(column.value.is_some()));
        values.push(Value::Object(value));
    }
    let time = |time: Timestamp| (time != Timestamp::NEVER).then(|| time.to_string());
    json!({
        "values": values,
        "source": row.origin.words(),
        "collected_at": row.collected_at.and_then(time),
        "expires_at": time(row.expires_at),
        "ends": if row.expires_at == Timestamp::NEVER { "when you close your account" } else { "by itself" },
    })
}
