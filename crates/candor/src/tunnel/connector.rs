//! The parent of the connector: it starts it, starts it again when it ends, and tells it which internal addresses are
//! nobody's any more. It reads nothing of what passes.

use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use plan::{Event, Place};
use sys::worker::Ended;
use sys::{Link, Spawn, Worker, channel};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use vpn::handover::connector::{Configure, FREED, FromConnector, ToConnector};
use vpn::proto::Internal;

use super::Unavailable;
use super::line::{Broken, Line};

/// How long it may take until it is locked, and for its last message. Guess.
const READY_WITHIN: Duration = Duration::from_secs(10);
const FAREWELL: Duration = Duration::from_secs(5);
/// Silence after which it counts as stuck: three signs of life. Guess.
const SILENCE: Duration = Duration::from_secs(30);
/// Pause before it is started again, doubled each time up to the second. Guess.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LAST_PAUSE: Duration = Duration::from_secs(30);
/// One that ran so long was not ill: the pauses begin anew.
const HEALTHY: Duration = Duration::from_secs(60);
/// It could not be started, or said what it must not say, or nothing ([`Event::Failed`] with [`Place::Worker`]).
const ILL: i32 = 4;

/// What it is to be told.
enum Order {
    Forget(Vec<Internal>),
    ForgetAll,
    Stop,
}

/// The connector, for as long as there is a tunnel.
pub(super) struct Connector {
    orders: mpsc::UnboundedSender<Order>,
    task: JoinHandle<()>,
}

impl Connector {
    /// Starts it, and returns when it is locked. `lives` says afterwards whether it runs.
    pub(super) async fn start(
        link: Link,
        configure: Configure,
        lives: Arc<AtomicBool>,
        report: fn(Event),
    ) -> Result<Self, Unavailable> {
        let (orders, queue) = mpsc::unbounded_channel();
        let (ready, first) = oneshot::channel();
        let keeper = Keeper {
            link,
            configure,
            lives,
            report,
            ended: 0,
        };
        let task = tokio::spawn(keeper.run(queue, ready));
        match first.await {
            Ok(Ok(())) => Ok(Self { orders, task }),
            Ok(Err(unavailable)) => Err(unavailable),
            Err(_) => Err(Unavailable::worker_ended(0)),
        }
    }

    /// These are nobody's any more.
    pub(super) fn forget(&self, freed: Vec<Internal>) {
        // The task ends only when it is told to.
        let _told = self.orders.send(Order::Forget(freed));
    }

    /// None is anybody's any more.
    pub(super) fn forget_all(&self) {
        let _told = self.orders.send(Order::ForgetAll);
    }

    /// Ends it.
    pub(super) async fn stop(self) {
        let _told = self.orders.send(Order::Stop);
        let _ended = self.task.await;
    }
}

struct Keeper {
    link: Link,
    configure: Configure,
    lives: Arc<AtomicBool>,
    report: fn(Event),
    ended: u32,
}

/// How the conversation with one process ended.
#[derive(PartialEq, Eq)]
enum Parting {
    Stopped,
    Broken,
}

impl Keeper {
    async fn run(
        mut self,
        mut orders: mpsc::UnboundedReceiver<Order>,
        first: oneshot::Sender<Result<(), Unavailable>>,
    ) {
        let mut first = Some(first);
        let mut pause = FIRST_PAUSE;
        loop {
            let begun = Instant::now();
            let status = match self.begin().await {
                Ok((mut worker, mut line)) => {
                    if let Some(first) = first.take() {
                        // The caller may have given up waiting; the next order says so.
                        let _heard = first.send(Ok(()));
                    }
                    (self.report)(Event::WorkerStarted { pid: worker.process() });
                    self.lives.store(true, Ordering::Relaxed);
                    let parting = self.attend(&mut line, &mut orders).await;
                    self.lives.store(false, Ordering::Relaxed);
                    let status = end(&mut worker);
                    if parting == Parting::Stopped {
                        return;
                    }
                    status
                }
                Err(unavailable) => {
                    if let Some(first) = first.take() {
                        let _heard = first.send(Err(unavailable));
                        return;
                    }
                    self.tell_ill();
                    0
                }
            };
            self.ended = self.ended.saturating_add(1);
            (self.report)(Event::WorkerEnded {
                status,
                times: self.ended,
            });
            if begun.elapsed() >= HEALTHY {
                pause = FIRST_PAUSE;
            }
            if is_stopped_within(pause, &mut orders).await {
                return;
            }
            pause = (pause * 2).min(LAST_PAUSE);
        }
    }

    /// A process that is locked and says so.
    async fn begin(&self) -> Result<(Worker, Line), Unavailable> {
        let (near, far) = channel::pair()?;
        let spawn = Spawn::again(&["worker", "connector"]);
        let mut worker = spawn.give(far.as_fd()).give(self.link.as_fd()).start()?;
        drop(far);
        let Ok(mut line) = Line::new(near) else {
            return Err(Unavailable::worker_ended(end(&mut worker)));
        };
        let introduce = async {
            line.send_bytes(&ToConnector::Configure(self.configure.clone()).encode())
                .await?;
            match line.receive_as(FromConnector::decode).await? {
                FromConnector::Ready(_) => Ok(()),
                FromConnector::Alive | FromConnector::Stopped => Err(Broken::Malformed),
            }
        };
        match timeout(READY_WITHIN, introduce).await {
            Ok(Ok(())) => Ok((worker, line)),
            Ok(Err(_)) | Err(_) => Err(Unavailable::worker_ended(end(&mut worker))),
        }
    }

    async fn attend(&self, line: &mut Line, orders: &mut mpsc::UnboundedReceiver<Order>) -> Parting {
        loop {
            let told = tokio::select! {
                message = timeout(SILENCE, line.receive_as(FromConnector::decode)) => match message {
                    Ok(Ok(FromConnector::Alive)) => Ok(()),
                    Ok(Err(Broken::Closed)) => return Parting::Broken,
                    Ok(Ok(FromConnector::Ready(_) | FromConnector::Stopped) | Err(Broken::Malformed)) | Err(_) => {
                        self.tell_ill();
                        return Parting::Broken;
                    }
                },
                order = orders.recv() => match order {
                    Some(Order::Forget(freed)) => forget(line, &freed).await,
                    Some(Order::ForgetAll) => line.send_bytes(&ToConnector::Clear.encode()).await,
                    Some(Order::Stop) | None => {
                        let farewell = async {
                            line.send_bytes(&ToConnector::Stop.encode()).await?;
                            while line.receive_as(FromConnector::decode).await? != FromConnector::Stopped {}
                            Ok::<(), Broken>(())
                        };
                        // One that says no farewell is ended without one.
                        let _parted = timeout(FAREWELL, farewell).await;
                        return Parting::Stopped;
                    }
                },
            };
            if told.is_err() {
                return Parting::Broken;
            }
        }
    }

    fn tell_ill(&self) {
        (self.report)(Event::Failed {
            place: Place::Worker,
            code: ILL,
        });
    }
}

async fn forget(line: &Line, freed: &[Internal]) -> Result<(), Broken> {
    for some in freed.chunks(FREED) {
        line.send_bytes(&ToConnector::Freed(some.to_vec()).encode()).await?;
    }
    Ok(())
}

/// Ends it, if it has not ended, and gives its status: 128 and the number for a signal (`bash(1)`).
fn end(worker: &mut Worker) -> i32 {
    let ended = match worker.try_wait() {
        Ok(Some(ended)) => Some(ended),
        // Its channel closes a moment before it can be waited for; and one that hangs is ended.
        Ok(None) | Err(_) => worker.kill().and_then(|()| worker.wait()).ok(),
    };
    match ended {
        Some(Ended::Exited(status)) => status,
        Some(Ended::Killed(signal)) => 128 + signal,
        None => 0,
    }
}

/// Whether a stop was asked for within the pause. A process that does not run has nothing to forget.
async fn is_stopped_within(pause: Duration, orders: &mut mpsc::UnboundedReceiver<Order>) -> bool {
    let stop = async {
        loop {
            match orders.recv().await {
                Some(Order::Forget(_) | Order::ForgetAll) => {}
                Some(Order::Stop) | None => return,
            }
        }
    };
    tokio::select! {
        () = stop => true,
        () = sleep(pause) => false,
    }
}
