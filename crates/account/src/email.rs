//! E-mail addresses: what is one, showing it, and correcting it.

use plan::field::Email;
use plan::{MemberId, Personal, Shown};
use store::{Origin, StoreError};

use crate::accounts::Accounts;
use crate::joining::JoinError;

/// The longest e-mail address, in bytes (RFC 5321, section 4.5.3.1.3: a path of 256 with its brackets).
const EMAIL_LIMIT_BYTES: usize = 254;

impl Accounts {
    /// The member's e-mail address, for the member.
    ///
    /// # Errors
    /// [`StoreError::NoSuchSubject`]; database errors.
    pub async fn email(&self, member: MemberId) -> Result<Option<Shown>, StoreError> {
        let subject = self.store.subject(member).await?;
        let held = self.store.held().read::<Email>(&subject).await?;
        Ok(held.map(|held| held.value.show(&self.permits.show_email)))
    }

    /// Corrects the e-mail address.
    ///
    /// # Errors
    /// [`JoinError::Email`], [`JoinError::EmailTaken`]; database errors.
    pub async fn correct_email(&self, member: MemberId, email: &str) -> Result<(), JoinError> {
        let email = parse_email(email).ok_or(JoinError::Email)?;
        let subject = self.store.subject(member).await?;
        let ops = self.store.held().put_found(
            &self.permits.keep_email,
            &subject,
            &Personal::new(email),
            Origin::Person,
        );
        match self.store.commit(ops).await {
            Err(StoreError::Taken) => Err(JoinError::EmailTaken),
            Err(error) => Err(error.into()),
            Ok(_) => Ok(()),
        }
    }
}

/// An e-mail address in lower case: one @ between a name and a domain with a dot or `localhost`, nothing unprintable.
pub(crate) fn parse_email(typed: &str) -> Option<String> {
    let email = typed.trim().to_lowercase();
    let (name, domain) = email.rsplit_once('@')?;
    let printable = !email
        .chars()
        .any(|character| character.is_whitespace() || character.is_control());
    let named = !name.is_empty() && !name.contains('@');
    let placed = !domain.is_empty() && !domain.starts_with('.') && !domain.ends_with('.') && !domain.contains("..");
    (printable && named && placed && email.len() <= EMAIL_LIMIT_BYTES).then_some(email)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_email_address_has_a_name_an_at_and_a_domain() {
        assert_eq!(parse_email(" Ada@Example.org ").as_deref(), Some("ada@example.org"));
        assert_eq!(parse_email("ada@localhost").as_deref(), Some("ada@localhost"));
        for typed in [
            "",
            "ada",
            "@example.org",
            "ada@",
            "a@b@c",
            "ada lovelace@example.org",
            "ada@.org",
            "ada@example..org",
        ] {
            assert_eq!(parse_email(typed), None, "{typed}");
        }
        let (longest, longer) = (format!("{}@b.c", "a".repeat(250)), format!("{}@b.c", "a".repeat(251)));
        assert!(parse_email(&longest).is_some() && parse_email(&longer).is_none());
    }
}
