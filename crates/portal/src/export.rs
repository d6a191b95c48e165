//! Everything that is held about a member, as a ZIP: for people and for programs.

use std::fmt::Display;
use std::io::{Cursor, Write as _};

use askama::Template;
use axum::extract::State;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use plan::{Digest, MemberId, Shown, Timestamp};
use serde::{Serialize, Serializer};
use store::{Export, ExportColumn, ExportRow, ExportTable};
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
#[derive(Serialize)]
struct Document<'a> {
    format: &'static str,
    made_at: Words<Timestamp>,
    plan_digest: Words<Digest>,
    tables: Each<&'a [ExportTable]>,
}

/// An export as programs read it, written as it goes: a tree of it in memory would be many times its size.
pub fn to_json(export: &Export) -> impl Serialize + use<'_> {
    Document {
        format: "candor export 1",
        made_at: Words(export.made_at),
        plan_digest: Words(export.plan_digest),
        tables: Each(&export.tables),
    }
}

/// Something in its own words.
struct Words<T>(T);

impl<T: Display> Serialize for Words<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// Each of several, as programs read it.
struct Each<T>(T);

impl Serialize for Each<&[ExportTable]> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Table<'a> {
            table: &'static str,
            about: &'static str,
            rows: Each<&'a [ExportRow]>,
        }
        serializer.collect_seq(self.0.iter().map(|table| Table {
            table: table.name,
            about: table.about,
            rows: Each(&table.rows),
        }))
    }
}

impl Serialize for Each<&[ExportRow]> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Row<'a> {
            values: Each<&'a [ExportColumn]>,
            source: &'static str,
            collected_at: Option<Words<Timestamp>>,
            expires_at: Option<Words<Timestamp>>,
            ends: &'static str,
        }
        let time = |time: Timestamp| (time != Timestamp::NEVER).then_some(Words(time));
        serializer.collect_seq(self.0.iter().map(|row| Row {
            values: Each(&row.columns),
            source: row.origin.words(),
            collected_at: row.collected_at.and_then(time),
            expires_at: time(row.expires_at),
            ends: match row.expires_at {
                Timestamp::NEVER => "when you close your account",
                _ => "by itself",
            },
        }))
    }
}

impl Serialize for Each<&[ExportColumn]> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Column<'a> {
            field: &'static str,
            words: &'static str,
            /// A secret is held and never shown, not even to the person: it would let somebody else in.
            value: Option<Words<&'a Shown>>,
            shown: bool,
        }
        serializer.collect_seq(self.0.iter().map(|column| Column {
            field: column.field.key(),
            words: column.field.words(),
            value: column.value.as_ref().map(Words),
            shown: column.value.is_some(),
        }))
    }
}
