//! `candor certificate FILE`: whether an erasure certificate's signature fits its text.

use std::path::Path;

use anyhow::{Context as _, bail};
use store::Certificate;

use crate::say;

/// Checks a certificate and prints what was checked.
///
/// # Errors
/// The file cannot be read, or its signature does not fit.
pub(crate) async fn check(file: &Path) -> anyhow::Result<()> {
    let text = tokio::fs::read_to_string(file).await;
    let text =
        text.with_context(|| format!("the certificate {} cannot be read; is the name right?", file.display()))?;
    if !Certificate::verifies(&text) {
        bail!(
            "the signature does not fit the text: {} was changed, or is no erasure certificate",
            file.display()
        );
    }
    say::answer("the signature fits: the instance with the public key in the certificate signed this text");
    Ok(())
}
