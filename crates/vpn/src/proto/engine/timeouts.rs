//! What happens when nothing arrives (the paper, section 6).

use std::time::Instant;

use super::super::witness::Witness;
use super::Engine;
use super::handshaking::{Traffic, forget_local};

impl<W: Witness> Engine<W> {
    /// When to call [`Engine::handle_timeout`] at the latest. A call may find that there was
    /// nothing to do yet; then the next answer is later.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.deadlines.first().into_iter().chain(self.budget.deadline()).min()
    }

    /// Does whatever is due. Costs as much as there is due, however many devices are configured.
    pub fn handle_timeout(&mut self, now: Instant) {
        let now = self.advance(now);
        self.budget.handle_timeout(now);
        let mut due = Vec::new();
        while let Some(id) = self.deadlines.pop_due(now) {
            due.push(id);
        }
        for id in due {
            if let Some(hot) = self.hot_mut(id) {
                hot.queued = None;
            }
            self.fire(id, now);
            self.reschedule(id);
        }
    }

    fn fire(&mut self, id: u32, now: Instant) {
        if self.expire(id, now) {
            return;
        }
        let Some(hot) = self.hot_mut(id) else { return };
        let is_due = |at: Option<Instant>| at.is_some_and(|at| at <= now);
        let (initiate, silence) = (is_due(hot.initiate_at), is_due(hot.silence_at));
        let (passive, persistent) = (is_due(hot.keepalive_at), is_due(hot.persistent_at));
        if initiate {
            self.retry_handshake(id, now);
        }
        if silence && let Some(hot) = self.hot_mut(id) {
            hot.silence_at = None;
            forget_local(&mut hot.path);
            self.want_handshake(id, Traffic::None, now);
        }
        if passive && let Some(hot) = self.hot_mut(id) {
            hot.keepalive_at = None;
        }
        if persistent && let Some(device) = self.device_mut(id) {
            let next = device.keepalive.map(|interval| now + interval);
            if let Some(hot) = device.hot.as_deref_mut() {
                hot.persistent_at = next;
            }
        }
        if passive || persistent {
            self.keep_alive(id, now);
        }
    }

    /// Forgets what has reached its age; `true` if that is the whole device.
    fn expire(&mut self, id: u32, now: Instant) -> bool {
        let forget_after = self.forget_after;
        let Some(device) = self.devices.get_mut(id as usize).and_then(Option::as_mut) else {
            return true;
        };
        let Some(hot) = device.hot.as_deref_mut() else {
            return true;
        };
        hot.drop_expired(now, &mut self.indices);
        let forget_at = hot.forget_at(device.endpoint, device.keepalive, forget_after);
        if forget_at.is_some_and(|at| at <= now) {
            self.forget(id);
            return true;
        }
        let is_kept_too_long = hot.kept.is_some_and(|row| row.until <= now);
        let is_freed = hot.internal.is_some() && hot.internal_used + forget_after <= now;
        if is_kept_too_long {
            self.strike(id);
        }
        if is_freed {
            self.free_internal(id);
        }
        false
    }

    /// Sends an empty packet, for which there may have to be a session first.
    fn keep_alive(&mut self, id: u32, now: Instant) {
        let Some(hot) = self.hot_mut(id) else { return };
        hot.owes_keepalive = true;
        if hot.current.as_ref().is_some_and(|pair| pair.may_send(now)) {
            self.push_ready(id);
        } else {
            self.want_handshake(id, Traffic::None, now);
        }
    }
}
