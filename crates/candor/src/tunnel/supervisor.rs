//! One task that owns the network and the worker, for as long as there is a tunnel.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use account::{Accounts, DeviceChange, UsageDelta};
use plan::{Event, MemberId, Place};
use sys::Worker;
use sys::worker::Ended;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{sleep, timeout};
use vpn::driver::worker::End;
use vpn::handover::{Configure, DEVICES, FromWorker, KEYS, ToWorker};
use vpn::proto::PrivateKey;

use super::connector::Connector;
use super::line::{Broken, Line};
use super::load::Meter;
use super::network::{self, Network};
use super::roster::{Roster, Step};
use super::strike::Striker;
use super::{Unavailable, network::translation};

/// Pause between two reports of the worker: at most so much is lost with a worker, and so far over a quota can an
/// account go. Guess.
const FLUSH_EVERY: Duration = Duration::from_secs(10);
/// S3.7: what is known of a device's stay is gone this long after its last packet.
const FORGET_AFTER: Duration = Duration::from_secs(180);
/// How long after a worker's end the next one may begin that is still given what it left, the internal addresses: of the
/// pauses below, all but the last. Guess.
const HEIR_WITHIN: Duration = Duration::from_secs(20);
/// Time after a device's last packet after which its address is struck from what a worker leaves: with the longest pause
/// between two workers it makes [`FORGET_AFTER`].
const KEEP_FOR: Duration = Duration::from_secs(FORGET_AFTER.as_secs() - HEIR_WITHIN.as_secs() - READY_WITHIN.as_secs());
/// Handshakes that the worker may do in one second: a fifth of what one core can do. Guess.
const HANDSHAKES_PER_SECOND: u32 = 1000;
/// How long a worker may take until it is locked. Guess.
const READY_WITHIN: Duration = Duration::from_secs(10);
/// Silence after which a worker counts as stuck: six reports. Guess.
const SILENCE: Duration = Duration::from_secs(60);
/// How long a worker may take for its last report. Guess.
const FAREWELL: Duration = Duration::from_secs(5);
/// Pause before a worker is started again, doubled each time up to the second. Guess.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LAST_PAUSE: Duration = Duration::from_secs(30);
/// A worker that ran so long was not ill: the pauses begin anew.
const HEALTHY: Duration = Duration::from_secs(60);

/// What the worker cannot be started by ([`Event::Failed`] with [`Place::Worker`]).
const NOT_STARTED: i32 = 1;
/// The worker said something that it must not say.
const MALFORMED: i32 = 2;
/// The worker said nothing for too long.
const SILENT: i32 = 3;
/// Usage could not be written ([`Place::Store`]); it is tried again.
const NOT_RECORDED: i32 = 1;
/// The list of devices could not be read ([`Place::Store`]).
const NOT_LISTED: i32 = 2;

/// Where the tunnel is in its life.
#[derive(Default, Clone, Copy)]
pub(super) enum Phase {
    /// No worker yet, or not again.
    #[default]
    Starting,
    /// A locked worker carries packets.
    Running { process: u32, connected_devices: u32 },
    /// Stopped.
    Ended,
}

/// What the handle asks for.
pub(super) enum Request {
    Flush(oneshot::Sender<()>),
    Stop,
}

pub(super) struct Supervisor {
    network: Network,
    /// Where there is no tunnel device.
    connector: Option<Connector>,
    private_key: PrivateKey,
    mtu: u16,
    accounts: Arc<Accounts>,
    phase: Arc<Mutex<Phase>>,
    meter: Arc<Meter>,
    report: fn(Event),
    /// Bytes that are not yet written down.
    unrecorded: BTreeMap<MemberId, (u64, u64)>,
    ended: u32,
}

/// How the conversation with one worker ended.
enum Parting {
    Stopped,
    Ended(i32),
}

impl Supervisor {
    pub(super) fn new(
        network: Network,
        connector: Option<Connector>,
        private_key: PrivateKey,
        mtu: u16,
        accounts: Arc<Accounts>,
        (phase, meter): (Arc<Mutex<Phase>>, Arc<Meter>),
        report: fn(Event),
    ) -> Self {
        Self {
            network,
            connector,
            private_key,
            mtu,
            accounts,
            phase,
            meter,
            report,
            unrecorded: BTreeMap::new(),
            ended: 0,
        }
    }

    /// Runs until it is asked to stop. `first` hears whether the first worker became ready; if not, that is the end.
    pub(super) async fn run(
        mut self,
        mut changes: mpsc::UnboundedReceiver<DeviceChange>,
        mut requests: mpsc::UnboundedReceiver<Request>,
        first: oneshot::Sender<Result<(), Unavailable>>,
    ) {
        let mut first = Some(first);
        let mut pause = FIRST_PAUSE;
        loop {
            let begun = Instant::now();
            let mut has_served = false;
            let parting = match self.start().await {
                Ok(started) => {
                    has_served = true;
                    if let Some(first) = first.take() {
                        // The caller may have given up waiting; the next request says so.
                        let _heard = first.send(Ok(()));
                    }
                    self.attend(started, &mut changes, &mut requests).await
                }
                Err((status, unavailable)) => {
                    if let Some(first) = first.take() {
                        let _heard = first.send(Err(unavailable));
                        break;
                    }
                    Parting::Ended(status)
                }
            };
            self.show(Phase::Starting);
            let status = match parting {
                Parting::Stopped => break,
                Parting::Ended(status) => status,
            };
            self.mourn(status).await;
            if begun.elapsed() >= HEALTHY {
                pause = FIRST_PAUSE;
            }
            // One heir and no second: what it left may be what ended it.
            if !has_served || pause > HEIR_WITHIN {
                self.forget_all().await;
            }
            if is_stopped_within(pause, &mut requests).await {
                break;
            }
            pause = (pause * 2).min(LAST_PAUSE);
        }
        self.record().await;
        self.show(Phase::Ended);
        if let Some(connector) = self.connector.take() {
            connector.stop().await;
        }
        // Taking rules away starts a program and waits for it.
        let _gone = tokio::task::spawn_blocking(move || drop(self)).await;
    }

    /// A worker that is locked and says so.
    async fn start(&mut self) -> Result<Started, (i32, Unavailable)> {
        let broken = |error: sys::Error| (0, Unavailable::from(error));
        let (worker, channel) = self.network.start_worker().map_err(broken)?;
        let striker = match self.connector {
            None => Some(Striker::start().map_err(broken)?),
            Some(_) => None,
        };
        let ended = |status| (status, Unavailable::worker_ended(status));
        let Ok(line) = Line::new(channel) else {
            return Err(ended(0));
        };
        let mut started = Started {
            worker,
            line,
            striker,
            roster: Roster::default(),
            ticket: 1,
            waiting: Vec::new(),
        };
        match timeout(READY_WITHIN, self.introduce(&mut started)).await {
            Ok(Ok(())) => {
                let process = started.worker.process();
                self.show(Phase::Running {
                    process,
                    connected_devices: 0,
                });
                (self.report)(Event::WorkerStarted { pid: process });
                Ok(started)
            }
            Ok(Err(_)) | Err(_) => Err(ended(started.end())),
        }
    }

    /// Tells a new worker what it must know, and hears that it is locked.
    async fn introduce(&mut self, started: &mut Started) -> Result<(), Broken> {
        let configure = Configure {
            private_key: self.private_key.clone(),
            mtu_bytes: self.mtu,
            translation: translation(),
            forget_after: FORGET_AFTER,
            keep_for: KEEP_FOR,
            handshakes_per_second: HANDSHAKES_PER_SECOND,
            flush_every: FLUSH_EVERY,
            identity: self.network.identity(),
        };
        started.line.send(&ToWorker::Configure(Box::new(configure))).await?;
        match started.line.receive().await? {
            FromWorker::Ready { has_taken_over, .. } => {
                if !has_taken_over && self.ended > 0 {
                    self.strike_all().await;
                }
            }
            FromWorker::Usage(_) | FromWorker::Flushed { .. } | FromWorker::Freed(_) | FromWorker::Stopped => {
                return Err(Broken::Malformed);
            }
        }
        match self.accounts.all_devices().await {
            Ok(devices) => {
                started.tell(&devices).await?;
                started.line.send(&ToWorker::AllPut).await
            }
            Err(_) => {
                (self.report)(Event::Failed {
                    place: Place::Store,
                    code: NOT_LISTED,
                });
                Err(Broken::Closed)
            }
        }
    }

    /// The conversation with a worker, to its end.
    async fn attend(
        &mut self,
        mut started: Started,
        changes: &mut mpsc::UnboundedReceiver<DeviceChange>,
        requests: &mut mpsc::UnboundedReceiver<Request>,
    ) -> Parting {
        let mut heard = Vec::new();
        let mut has_changes = true;
        loop {
            let next = tokio::select! {
                message = timeout(SILENCE, started.line.receive()) => match message {
                    Ok(Ok(message)) => self.heed(&mut started, message).await,
                    Ok(Err(broken)) => Err(self.tell_why(broken)),
                    Err(_) => Err(self.tell_silent()),
                },
                count = changes.recv_many(&mut heard, DEVICES), if has_changes => {
                    has_changes = count > 0;
                    let told = started.tell(&heard).await;
                    heard.clear();
                    told
                }
                request = requests.recv() => match request {
                    Some(Request::Flush(done)) => started.flush(Some(done)).await,
                    Some(Request::Stop) | None => {
                        self.part(started).await;
                        return Parting::Stopped;
                    }
                },
            };
            if next.is_err() {
                return Parting::Ended(started.end());
            }
        }
    }

    async fn heed(&mut self, started: &mut Started, message: FromWorker) -> Result<(), Broken> {
        match message {
            FromWorker::Usage(moved) => {
                let deltas = started.roster.deltas(&moved);
                self.note(&deltas);
                Ok(())
            }
            FromWorker::Flushed { ticket, active_devices } => {
                self.record().await;
                started.flushed(ticket);
                let process = started.worker.process();
                self.show(Phase::Running {
                    process,
                    connected_devices: active_devices,
                });
                Ok(())
            }
            FromWorker::Freed(addresses) => {
                match (&started.striker, &self.connector) {
                    (Some(striker), _) => striker.strike(addresses),
                    (None, Some(connector)) => connector.forget(addresses),
                    (None, None) => {}
                }
                Ok(())
            }
            FromWorker::Ready { .. } | FromWorker::Stopped => Err(self.tell_why(Broken::Malformed)),
        }
    }

    /// The last report, within a bounded time.
    async fn part(&mut self, mut started: Started) {
        let farewell = async {
            started.line.send(&ToWorker::Stop).await?;
            loop {
                match started.line.receive().await? {
                    FromWorker::Stopped => return Ok::<(), Broken>(()),
                    FromWorker::Usage(moved) => self.note(&started.roster.deltas(&moved)),
                    FromWorker::Flushed { .. } | FromWorker::Freed(_) | FromWorker::Ready { .. } => {}
                }
            }
        };
        // A worker that says no farewell is ended without one.
        let _parted = timeout(FAREWELL, farewell).await;
        started.end();
        self.record().await;
    }

    fn note(&mut self, deltas: &[UsageDelta]) {
        self.meter.note(deltas, Instant::now());
        self.keep(deltas);
    }

    fn keep(&mut self, deltas: &[UsageDelta]) {
        for delta in deltas {
            let (up, down) = self.unrecorded.entry(delta.member).or_default();
            *up = up.saturating_add(delta.up);
            *down = down.saturating_add(delta.down);
        }
    }

    /// Writes down what accounts moved; what cannot be written now is kept for the next time.
    async fn record(&mut self) {
        if self.unrecorded.is_empty() {
            return;
        }
        let entries = self.unrecorded.iter();
        let deltas: Vec<UsageDelta> = entries
            .map(|(&member, &(up, down))| UsageDelta { member, up, down })
            .collect();
        self.unrecorded.clear();
        if let Err(unrecorded) = self.accounts.record_usage(&deltas).await {
            // What is written down, or may be, is not handed in again: it would be counted twice.
            self.keep(&unrecorded.again);
            (self.report)(Event::Failed {
                place: Place::Store,
                code: NOT_RECORDED,
            });
        }
    }

    /// A worker is gone. The internal addresses are not: the next one finds them in what this one left.
    async fn mourn(&mut self, status: i32) {
        self.ended = self.ended.saturating_add(1);
        (self.report)(Event::WorkerEnded {
            status,
            times: self.ended,
        });
        self.record().await;
        if status == i32::from(End::Tunnel as u8) {
            self.network.give_up_device();
        }
    }

    /// What the last worker left is given up.
    async fn forget_all(&mut self) {
        self.network.give_up_memory();
        self.strike_all().await;
    }

    /// No internal address is anybody's: what the kernel or the connector still knows of them goes too.
    async fn strike_all(&self) {
        match &self.connector {
            Some(connector) => connector.forget_all(),
            None => {
                let _struck = tokio::task::spawn_blocking(network::strike_all).await;
            }
        }
    }

    fn show(&self, phase: Phase) {
        *self.phase.lock().unwrap_or_else(PoisonError::into_inner) = phase;
    }

    fn tell_why(&self, broken: Broken) -> Broken {
        if broken == Broken::Malformed {
            (self.report)(Event::Failed {
                place: Place::Worker,
                code: MALFORMED,
            });
        }
        broken
    }

    fn tell_silent(&self) -> Broken {
        (self.report)(Event::Failed {
            place: Place::Worker,
            code: SILENT,
        });
        Broken::Closed
    }
}

/// A worker and what belongs to its conversation.
struct Started {
    worker: Worker,
    line: Line,
    /// Where the kernel forwards.
    striker: Option<Striker>,
    roster: Roster,
    /// The number of the next flush that is asked for.
    ticket: u32,
    waiting: Vec<(u32, oneshot::Sender<()>)>,
}

impl Started {
    /// Tells the worker of changes, in order, many in one message.
    async fn tell(&mut self, changes: &[DeviceChange]) -> Result<(), Broken> {
        let (mut put, mut removed, mut any_removed) = (Vec::new(), Vec::new(), false);
        for change in changes {
            let steps = self.roster.change(change, self.ticket).map_err(|_| Broken::Closed)?;
            for step in steps {
                match step {
                    Step::Put(device) => {
                        self.remove(&mut removed).await?;
                        put.push(device);
                        if put.len() == DEVICES {
                            self.put(&mut put).await?;
                        }
                    }
                    Step::Remove(key) => {
                        self.put(&mut put).await?;
                        removed.push(key);
                        any_removed = true;
                        if removed.len() == KEYS {
                            self.remove(&mut removed).await?;
                        }
                    }
                }
            }
        }
        self.put(&mut put).await?;
        self.remove(&mut removed).await?;
        if any_removed { self.flush(None).await } else { Ok(()) }
    }

    async fn put(&self, devices: &mut Vec<vpn::handover::HandedDevice>) -> Result<(), Broken> {
        match devices.is_empty() {
            true => Ok(()),
            false => self.line.send(&ToWorker::PutDevices(std::mem::take(devices))).await,
        }
    }

    async fn remove(&self, keys: &mut Vec<vpn::proto::PublicKey>) -> Result<(), Broken> {
        match keys.is_empty() {
            true => Ok(()),
            false => self.line.send(&ToWorker::RemoveDevices(std::mem::take(keys))).await,
        }
    }

    async fn flush(&mut self, done: Option<oneshot::Sender<()>>) -> Result<(), Broken> {
        let ticket = self.ticket;
        // 0 is the worker's own.
        self.ticket = self.ticket.checked_add(1).unwrap_or(1);
        if let Some(done) = done {
            self.waiting.push((ticket, done));
        }
        self.line.send(&ToWorker::Flush { ticket }).await
    }

    fn flushed(&mut self, ticket: u32) {
        if ticket == 0 {
            return;
        }
        self.roster.flushed(ticket);
        for (_, done) in self.waiting.extract_if(.., |(waiting, _)| *waiting == ticket) {
            // Who asked may have gone.
            let _heard = done.send(());
        }
    }

    /// Ends the worker, if it has not ended, and gives its status: 128 and the number for a signal (`bash(1)`).
    fn end(&mut self) -> i32 {
        let ended = match self.worker.try_wait() {
            Ok(Some(ended)) => Some(ended),
            // Its channel closes a moment before it can be waited for; and one that hangs is ended.
            Ok(None) | Err(_) => self.worker.kill().and_then(|()| self.worker.wait()).ok(),
        };
        match ended {
            Some(Ended::Exited(status)) => status,
            Some(Ended::Killed(signal)) => 128 + signal,
            None => NOT_STARTED,
        }
    }
}

/// Whether a stop was asked for within the pause. Other requests wait for the next worker in vain.
async fn is_stopped_within(pause: Duration, requests: &mut mpsc::UnboundedReceiver<Request>) -> bool {
    let stop = async {
        loop {
            match requests.recv().await {
                Some(Request::Flush(_)) => {}
                Some(Request::Stop) | None => return,
            }
        }
    };
    tokio::select! {
        () = stop => true,
        () = sleep(pause) => false,
    }
}
