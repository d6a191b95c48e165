//! A member's program.

use std::net::SocketAddr;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::{Method, Request, StatusCode};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::world::{PASSWORD, World};

pub(crate) const ALL: [&str; 8] = [
    "account:read",
    "account:write",
    "devices:read",
    "devices:write",
    "usage:read",
    "export",
    "erase",
    "operator",
];

/// Something that speaks JSON and keeps its token.
#[derive(Clone)]
pub(crate) struct Program {
    router: Router,
    address: SocketAddr,
    pub(crate) token: Option<String>,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) kind: String,
    pub(crate) headers: axum::http::HeaderMap,
    pub(crate) body: Value,
}

impl Answer {
    /// The body of a request that was done.
    #[track_caller]
    pub(crate) fn ok(self) -> Value {
        assert!(self.status.is_success(), "{self:?}");
        self.body
    }

    /// The kind of a problem, whose form is looked at.
    #[track_caller]
    pub(crate) fn problem(&self) -> (u16, String) {
        assert_eq!(self.kind, "application/problem+json", "{self:?}");
        let status = u64::from(self.status.as_u16());
        assert_eq!(self.body["status"], json!(status), "{self:?}");
        for part in ["title", "detail"] {
            assert!(self.body[part].as_str().is_some_and(|text| text.len() > 10), "{self:?}");
        }
        let kind = self.body["type"].as_str().and_then(|kind| kind.strip_prefix("/api#"));
        (self.status.as_u16(), kind.unwrap_or("").to_owned())
    }
}

pub(crate) fn program(world: &World, address: &str) -> Program {
    Program {
        router: world.router.clone(),
        address: format!("{address}:40000").parse().expect("an IPv4 address"),
        token: None,
    }
}

/// A program whose member has joined by e-mail address.
pub(crate) async fn member(world: &World, email: &str) -> Program {
    let mut program = program(world, "192.0.2.20");
    let body = json!({"email": email, "password": PASSWORD, "age": 30, "accepted": world.digest, "label": "test", "scopes": ALL});
    let joined = program.post("/join", body).await.ok();
    program.token = joined["token"]["token"].as_str().map(str::to_owned);
    program
}

/// The operator's program.
pub(crate) async fn operator(world: &World) -> Program {
    world.operator().await;
    let mut program = program(world, "192.0.2.1");
    program.sign_in("operator@example.org", &ALL).await.ok();
    program
}

impl Program {
    pub(crate) async fn sign_in(&mut self, email: &str, scopes: &[&str]) -> Answer {
        let body = json!({"email": email, "password": PASSWORD, "label": "test", "scopes": scopes});
        let answer = self.post("/tokens", body).await;
        self.token = answer.body["token"].as_str().map(str::to_owned);
        answer
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, Body::empty()).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, Body::empty()).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, Body::from(body.to_string())).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Answer {
        self.send(Method::PUT, path, Body::from(body.to_string())).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Answer {
        self.send(Method::PATCH, path, Body::from(body.to_string())).await
    }

    pub(crate) async fn send(&self, method: Method, path: &str, body: Body) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("/api/v1{path}"))
            .header("host", "localhost:8080")
            .header("content-type", "application/json")
            .extension(ConnectInfo(self.address));
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let request = request.body(body).expect("a request");
        let response = self.router.clone().oneshot(request).await.expect("the router answers");
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.expect("the body ends");
        let kind = parts.headers.get("content-type").and_then(|kind| kind.to_str().ok());
        Answer {
            status: parts.status,
            kind: kind.unwrap_or("").to_owned(),
            body: serde_json::from_slice(&bytes).unwrap_or(Value::Null),
            headers: parts.headers,
        }
    }
}

/// A public key that nobody has yet.
pub(crate) fn key(number: u8) -> String {
    account::KeyText([number; 32]).to_string()
}
