//! What every person may ask for: an export, to be erased, and what the access log holds of their address.

use std::net::IpAddr;
use std::sync::PoisonError;

use plan::MemberId;
use store::{Certificate, Export, StoreError};

use crate::accounts::Accounts;
use crate::devices::DeviceChange;
use crate::visits::Visit;

impl Accounts {
    /// Everything that is held about the member.
    ///
    /// # Errors
    /// [`StoreError::NoSuchSubject`]; database errors.
    pub async fn export(&self, member: MemberId) -> Result<Export, StoreError> {
        self.store.export(member).await
    }

    /// Erases the member and disconnects their devices.
    ///
    /// # Errors
    /// [`StoreError::NoSuchSubject`]; database errors, after which the next start finishes what was begun.
    pub async fn erase(&self, member: MemberId) -> Result<Certificate, StoreError> {
        let devices = match &self.devices {
            Some(devices) => devices.ids(&self.store, member).await?,
            None => Vec::new(),
        };
        let certificate = self.store.erase(member).await?;
        devices
            .into_iter()
            .for_each(|device| self.tell(DeviceChange::Removed { device }));
        self.stops
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&member);
        Ok(certificate)
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

    /// What the access log holds of an address, for somebody who comes from that address.
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
