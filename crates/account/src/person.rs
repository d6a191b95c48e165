//! What every person may ask for: an export, to be erased, and what the access log holds of their address.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use plan::{MemberId, SubjectId};
use store::{Certificate, Export, StoreError};

use crate::accounts::Accounts;
use crate::visits::Visit;

impl Accounts {
    /// Everything that is held about the member.
    ///
    /// # Errors
    /// [`StoreError::NoSuchSubject`]; database errors.
    pub async fn export(&self, member: MemberId) -> Result<Export, StoreError> {
        self.store.export(member).await
    }

    /// Erases the member and disconnects their devices; it goes on when the caller does not wait for it.
    ///
    /// # Errors
    /// [`StoreError::NoSuchSubject`]; database errors, after which the next sweep or start finishes what was begun.
    pub async fn erase(&self, member: MemberId) -> Result<Certificate, StoreError> {
        let made = self.erase_members(vec![member.into()]).await;
        let made = made.map_err(|(_, why)| why)?;
        made.into_iter().next().ok_or(StoreError::NoSuchSubject)
    }

    /// Erases members together. An error comes with how many of them are gone all the same.
    pub(crate) async fn erase_members(&self, members: Vec<SubjectId>) -> Result<Vec<Certificate>, (usize, StoreError)> {
        let done = Arc::new(AtomicUsize::new(0));
        let (serving, counted) = (Arc::clone(&self.serving), Arc::clone(&done));
        // Devices stop when the rows are gone, whatever becomes of the rest.
        let gone = move |id: SubjectId| {
            counted.fetch_add(1, Ordering::Relaxed);
            serving.remove_member(MemberId::from_bytes(*id.as_bytes()));
        };
        let erased = self.store.erase_all(members, gone).await;
        erased.map_err(|why| (done.load(Ordering::Relaxed), why))
    }

    /// Brings erasures to their end that failed on the way.
    pub(crate) async fn finish_erasures(&self) -> Result<(), StoreError> {
        for id in self.store.finish_begun().await? {
            self.serving.remove_member(MemberId::from_bytes(*id.as_bytes()));
        }
        Ok(())
    }

    /// Writes a line of the site's access log; does nothing where the policy declares none.
    ///
    /// # Errors
    /// Database errors.
    pub async fn record_visit(&self, ip: IpAddr, program: &str) -> Result<(), StoreError> {
        match &self.visits {
            Some(visits) => visits.record(&self.store, ip, program).await,
            None => Ok(()),
        }
    }

    /// What the access log holds of an address, the newest first, for somebody who comes from that address.
    ///
    /// # Errors
    /// Database errors.
    pub async fn visits_from(&self, ip: IpAddr) -> Result<Vec<Visit>, StoreError> {
        match &self.visits {
            Some(visits) => visits.of_address(&self.store, ip).await,
            None => Ok(Vec::new()),
        }
    }

    /// Deletes what the access log holds of an address.
    ///
    /// # Errors
    /// Database errors.
    pub async fn forget_visits_from(&self, ip: IpAddr) -> Result<(), StoreError> {
        match &self.visits {
            Some(visits) => visits.forget_address(&self.store, ip).await,
            None => Ok(()),
        }
    }
}
