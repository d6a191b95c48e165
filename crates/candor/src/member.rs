//! A member of a Candor site, in a terminal.

use account::KeyText;
use anyhow::{Context as _, bail};
use hyper::StatusCode;

use crate::site::{Answer, Site};

/// A key pair whose private half stays in this process.
pub(crate) struct KeyPair {
    pub(crate) private: KeyText,
    pub(crate) public: KeyText,
}

impl KeyPair {
    /// A fresh one.
    ///
    /// # Errors
    /// The operating system gives no randomness.
    pub(crate) fn generate() -> anyhow::Result<Self> {
        let mut private = [0; 32];
        aws_lc_rs::rand::fill(&mut private)
            .ok()
            .context("the operating system gives no randomness")?;
        let public = *vpn::proto::PrivateKey::from_bytes(private).public().as_bytes();
        Ok(Self {
            private: KeyText(private),
            public: KeyText(public),
        })
    }
}

/// Joins as a new member and is signed in afterwards.
///
/// # Errors
/// The site refused; its reason is in the message.
pub(crate) async fn join(site: &mut Site, email: &str, password: &str) -> anyhow::Result<()> {
    let form = site.get("/join").await?;
    let accepted = form.field("accepted").context("the site has no form for joining")?;
    let fields = [
        ("email", email),
        ("password", password),
        ("age", "42"),
        ("accepted", accepted.as_str()),
        ("agree", "yes"),
    ];
    let answer = site.post("/join", &fields).await?;
    refuse(&answer, "joining")
}

/// Signs in.
///
/// # Errors
/// The site refused; its reason is in the message.
pub(crate) async fn sign_in(site: &mut Site, email: &str, password: &str) -> anyhow::Result<()> {
    let answer = site
        .post("/sign-in", &[("email", email), ("password", password)])
        .await?;
    refuse(&answer, "signing in")
}

/// Adds a device and gives its WireGuard configuration, with the private key put in.
///
/// # Errors
/// The site refused; its reason is in the message.
pub(crate) async fn add_device(site: &mut Site, label: &str, keys: &KeyPair) -> anyhow::Result<String> {
    let public = keys.public.to_string();
    let answer = site
        .post("/devices", &[("label", label), ("public_key", public.as_str())])
        .await?;
    refuse(&answer, "adding a device")?;
    let text = answer
        .element("configuration")
        .context("the site gave no configuration; is its VPN running?")?;
    let lines = text.lines().map(|line| match line.split_once('=') {
        Some((name, _)) if name.trim() == "PrivateKey" => format!("PrivateKey = {}", keys.private),
        _ => line.trim_end().to_owned(),
    });
    Ok(lines.collect::<Vec<_>>().join("\n"))
}

/// Makes the invitations of a list and gives their codes as CSV.
///
/// # Errors
/// The site refused; its reason is in the message, and nothing was made.
pub(crate) async fn invite(site: &mut Site, list: &str) -> anyhow::Result<String> {
    let fields = [("text", list), ("step", "make")];
    let answer = site.post("/operator/invitations/import", &fields).await?;
    if answer.status == StatusCode::NOT_FOUND {
        bail!("this account may not make invitations: it does not work for the operator, or the policy declares none");
    }
    refuse(&answer, "making invitations")?;
    answer.element("invitations").context("the site gave no codes")
}

/// Erases the account that is signed in and gives the certificate.
///
/// # Errors
/// The site refused; its reason is in the message.
pub(crate) async fn erase(site: &mut Site, password: &str) -> anyhow::Result<String> {
    let answer = site
        .post("/me/erase", &[("password", password), ("word", "erase")])
        .await?;
    refuse(&answer, "erasing the account")?;
    answer.element("certificate").context("the site gave no certificate")
}

fn refuse(answer: &Answer, doing: &str) -> anyhow::Result<()> {
    let gone_on = answer.status == StatusCode::OK || answer.status.is_redirection();
    match answer.error() {
        Some(reason) => bail!("{doing} was refused: {reason}"),
        None if gone_on => Ok(()),
        None => bail!("{doing} was refused with status {}", answer.status),
    }
}
