//! `candor serve`: the start, in an order in which nothing runs before what it stands on, and the stop.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use account::Accounts;
use anyhow::{Context as _, bail};
use plan::{Clock, Event, Place, RecipientClass, Timestamp};
use policy::Compiled;
use store::{Options, Place as StorePlace, Store, WrappingKey};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, watch};

use crate::belief::Belief;
use crate::cli::ServeArgs;
use crate::config::Config;
use crate::exercised::{CATALOGUES, fields};
use crate::folder::{Folder, Running};
use crate::identity::{self, Standing};
use crate::listen::{self, Listener};
use crate::tls::{self, Tls};
use crate::tunnel::{Tunnel, TunnelOptions, clear_up_after};
use crate::{control, doctor, say, uptime, vpn_status, whole};

const DEFAULT_POLICY: &str = include_str!("../../../policies/default.kdl");
const DEFAULT_POLICY_NAME: &str = "policies/default.kdl (built in)";
/// How often what has expired is deleted. Reads filter by expiry, so lateness never shows.
const SWEEP_EVERY: Duration = Duration::from_secs(600);

/// A jump of the clock that is told. A machine that slept jumps as well: its steady clock stood still.
const CLOCK_JUMP_SECONDS: f64 = 120.0;

/// The real clock: the only one of the program.
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_microseconds(i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX))
    }
}

/// What was opened with the rights that the program was started with, before it gave them up.
pub(crate) struct Prepared {
    begun: Instant,
    config: Config,
    policy: Arc<Compiled>,
    folder: Folder,
    wrapping: WrappingKey,
    place: StorePlace,
    tls: Tls,
    sockets: Vec<(std::net::TcpListener, Speaks)>,
    standing: Standing,
}

/// How a socket of the site speaks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Speaks {
    Tls,
    Plain,
}

/// Reads and opens everything that may need root, and gives root's rights up. Nothing when only a check was asked for.
///
/// # Errors
/// Each says what happened, why and what to do.
pub(crate) fn prepare(arguments: &ServeArgs) -> anyhow::Result<Option<Prepared>> {
    let begun = Instant::now();
    let mut config = arguments.instance.configuration()?;
    if arguments.policy.is_some() {
        config.policy.clone_from(&arguments.policy);
    }
    let policy = Arc::new(compile(config.policy.as_deref())?);
    check_against_policy(&config, &policy)?;
    if arguments.check {
        tls::check(&config)?;
        say::answer(summary(&config, &policy, &config.place()?));
        warn(&policy);
        return Ok(None);
    }
    let standing = identity::choose(config.user.as_deref(), &config.data)?;
    let folder = Folder::take(&config.data)?;
    let place = config.place()?;
    if let StorePlace::Folder(_) = place {
        folder.has_no_open_upgrade()?;
        whole::prepare(folder.path())?;
    }
    let wrapping = folder.wrapping_key()?;
    let tls = tls::prepare(&config, folder.path())?;
    let sockets = bind(&config)?;
    identity::become_it(&standing, folder.path(), config.vpn.port < 1024)?;
    // After the change of user, which resets it.
    sys::privilege::keep_memory_private().context("the memory cannot be kept out of core dumps")?;
    Ok(Some(Prepared {
        begun,
        config,
        policy,
        folder,
        wrapping,
        place,
        tls,
        sockets,
        standing,
    }))
}

/// Starts the provider and serves until it is told to stop.
///
/// # Errors
/// Each says what happened, why and what to do.
pub(crate) async fn serve(prepared: Prepared) -> anyhow::Result<()> {
    let Prepared {
        begun,
        config,
        policy,
        folder,
        wrapping,
        place,
        tls,
        sockets,
        standing,
    } = prepared;
    clear_up_after(folder.path());
    if let Some(behind) = folder.clock_behind() {
        say::event(Event::ClockBehind {
            seconds: behind.as_secs(),
        });
    }
    let server = match &place {
        StorePlace::Servers { .. } => Some(place.to_string()),
        StorePlace::Folder(_) => None,
    };
    if server.is_none() {
        whole::refuse_torn(folder.path()).await?;
    }
    let store = open_store(place, wrapping, &policy).await?;
    whole::begun(folder.path());
    if store.erasures_finished > 0 {
        say::event(Event::ErasuresFinished {
            subjects: store.erasures_finished,
        });
    }
    let (changes, heard) = mpsc::unbounded_channel();
    let accounts = Accounts::new(store.clone(), config.tariffs(), changes).await;
    let accounts = accounts.and_then(|accounts| accounts.joined_by_way_of(config.joining()));
    let accounts = Arc::new(accounts.context("the policy lacks what every account needs")?);
    let mut listeners = Vec::new();
    for (socket, speaks) in sockets {
        let tls = (speaks == Speaks::Tls).then(|| Arc::clone(&tls.config));
        listeners.push(Listener::new(socket, tls)?);
    }
    let tunnel = start_tunnel(&config, &folder, &accounts, heard).await?;
    let uptime = uptime::resume(folder.path());
    let router = portal::router(portal::Portal {
        accounts: Arc::clone(&accounts),
        policy: Arc::clone(&policy),
        exercised: fields(),
        vpn: tunnel.status(),
        doctor: Arc::new(doctor::Page::of(&config)),
        version: env!("CARGO_PKG_VERSION"),
        uptime: Arc::clone(&uptime),
        report: Arc::new(say::event),
    })?;
    let (stop, stopping) = watch::channel(false);
    let mut serving = tokio::task::JoinSet::new();
    for listener in listeners {
        serving.spawn(listener.serve(router.clone(), stopping.clone()));
    }
    let belief = Belief::resume(folder.path());
    serving.spawn(sweep(Arc::clone(&accounts), belief, stopping.clone()));
    serving.spawn(uptime::watch(
        uptime,
        folder.path().to_owned(),
        Arc::clone(&accounts),
        accounts.has_devices().then(|| tunnel.status()),
        stopping.clone(),
    ));
    let asked = control::listen(folder.path())?;
    serving.spawn(control::serve(
        asked,
        store.clone(),
        folder.path().to_owned(),
        stopping.clone(),
    ));
    folder.announce(&Running {
        pid: std::process::id(),
        local_port: config.site.local_port,
        vpn_port: config.vpn.port,
        plan_digest: policy.plan().digest().to_string(),
        server,
    })?;
    say::answer(welcome(&config, &policy, &accounts, &tls, &tunnel, &standing));
    warn(&policy);
    say::event(Event::Started {
        milliseconds: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
    });

    wait_for_signal().await?;
    say::event(Event::Stopping);
    // Nobody listens when every part has ended already.
    let _unheard = stop.send(true);
    while serving.join_next().await.is_some() {}
    tunnel.stop().await;
    store.close().await;
    folder.retire();
    Ok(())
}

/// The policy of a file, or the built-in default.
///
/// # Errors
/// The file cannot be read, or is wrong: every mistake with its place.
pub(crate) fn compile(file: Option<&Path>) -> anyhow::Result<Compiled> {
    let (source, name) = match file {
        None => (DEFAULT_POLICY.to_owned(), DEFAULT_POLICY_NAME.to_owned()),
        Some(file) => {
            let source = std::fs::read_to_string(file);
            let source = source.with_context(|| {
                format!(
                    "the policy {} cannot be read; is the name right? `policy` in candor.toml or --policy names it, and without \
                     either the built-in policy holds",
                    file.display()
                )
            })?;
            (source, file.display().to_string())
        }
    };
    policy::compile(&source, &name).map_err(|errors| anyhow::anyhow!("the policy is wrong\n{errors}"))
}

/// What the configuration would do must be declared: a name server that is not a recipient is refused, and so are quotas
/// without a count, memberships without an end, and invitations that the policy does not declare.
fn check_against_policy(config: &Config, policy: &Compiled) -> anyhow::Result<()> {
    account::check_tariffs(policy.plan(), &config.tariffs())?;
    if config.joining() == account::Joining::ByInvitation {
        account::check_joining(policy.plan())?;
    }
    let recipients = &policy.plan().parts().recipients;
    let declared = recipients
        .iter()
        .any(|recipient| recipient.class == RecipientClass::Resolver && recipient.enabled);
    if !config.vpn.dns.is_empty() && !declared {
        bail!(
            "candor.toml names a name server under [vpn] dns, but the policy hands nobody the names that members look up; \
             take the line out, or add to the policy: recipient resolver class=resolver {{ gets dns.query; for service }}"
        );
    }
    Ok(())
}

/// Opens the databases at a place as this program does, under a policy.
///
/// # Errors
/// As [`Store::open`].
pub(crate) async fn open_store(place: StorePlace, wrapping: WrappingKey, policy: &Compiled) -> anyhow::Result<Store> {
    let name = place.to_string();
    let store = Store::open(Options {
        place,
        wrapping,
        plan: Arc::new(policy.plan().clone()),
        catalogues: CATALOGUES.to_vec(),
        clock: Arc::new(SystemClock),
        erase_leftovers: false,
    });
    store
        .await
        .with_context(|| format!("the databases cannot be opened: {name}"))
}

fn bind(config: &Config) -> anyhow::Result<Vec<(std::net::TcpListener, Speaks)>> {
    let mut sockets = vec![(listen::bind(config.site.tls, "tls")?, Speaks::Tls)];
    for (index, address) in config.local_addresses().into_iter().enumerate() {
        match listen::bind(address, "local_port") {
            Ok(socket) => sockets.push((socket, Speaks::Plain)),
            // A machine without IPv6 has no ::1; 127.0.0.1 must work.
            Err(_) if index > 0 && !has_ipv6() => {}
            Err(error) => return Err(error),
        }
    }
    Ok(sockets)
}

fn has_ipv6() -> bool {
    Path::new("/proc/net/if_inet6").exists()
}

async fn start_tunnel(
    config: &Config,
    folder: &Folder,
    accounts: &Arc<Accounts>,
    changes: mpsc::UnboundedReceiver<account::DeviceChange>,
) -> anyhow::Result<vpn_status::Vpn> {
    if !config.vpn.enabled {
        return Ok(vpn_status::Vpn::off(
            "the configuration switches it off",
            "set `enabled = true` under [vpn] in candor.toml",
        ));
    }
    if !accounts.has_devices() {
        return Ok(vpn_status::Vpn::off(
            "the policy declares no devices",
            "add to the policy: collect device.label device.key device.psk surface=account { for service; keep until=account.closed }",
        ));
    }
    let private_key = accounts.store().instance_secret("wireguard").await?;
    let options = TunnelOptions {
        port: config.vpn.port,
        interface: config.vpn.interface.clone(),
        mtu: config.vpn.mtu,
        path: config.vpn.path,
        endpoint: config
            .vpn
            .endpoint
            .clone()
            .unwrap_or_else(|| config.names().swap_remove(0)),
        dns: config.vpn.dns.clone(),
        lan: config
            .vpn
            .lan
            .iter()
            .map(|network| (network.address, network.len))
            .collect(),
        private_key,
        data: folder.path().to_owned(),
        lock: folder
            .lock()
            .try_clone()
            .context("the lock of the data folder cannot be shared")?,
    };
    Ok(
        match Tunnel::start(options, Arc::clone(accounts), changes, say::event).await {
            Ok(tunnel) => vpn_status::Vpn::on(tunnel),
            Err(unavailable) => vpn_status::Vpn::off(&unavailable.missing, &unavailable.remedy),
        },
    )
}

async fn sweep(accounts: Arc<Accounts>, mut belief: Belief, mut stopping: watch::Receiver<bool>) {
    let mut every = tokio::time::interval(SWEEP_EVERY);
    let mut clock = Steady::now();
    let mut is_held = false;
    loop {
        tokio::select! {
            _ = every.tick() => {}
            _ = stopping.wait_for(|stop| *stop) => return,
        }
        if let Some(seconds) = clock.jumped() {
            say::event(Event::ClockJumped { seconds });
        }
        let ahead = belief.look();
        if let Some(seconds) = ahead.filter(|_| !is_held) {
            say::event(Event::DeletionHeld { seconds });
        }
        is_held = ahead.is_some();
        let swept = match is_held {
            true => accounts.tidy().await.map(|()| 0),
            false => accounts.sweep().await,
        };
        match swept {
            Ok(0) => {}
            Ok(rows) => say::event(Event::Swept { rows }),
            Err(_) => say::event(Event::Failed {
                place: Place::Sweep,
                code: 1,
            }),
        }
    }
}

/// The clock on the wall beside one that only goes forward.
struct Steady {
    wall: SystemTime,
    steady: Instant,
}

impl Steady {
    fn now() -> Self {
        Self {
            wall: SystemTime::now(),
            steady: Instant::now(),
        }
    }

    /// By how many seconds the wall's clock was set since the last look, if by more than clocks that are kept in step.
    fn jumped(&mut self) -> Option<i64> {
        let (before, now) = (std::mem::replace(self, Self::now()), Self::now());
        let went = now.steady.duration_since(before.steady).as_secs_f64();
        let shown = match now.wall.duration_since(before.wall) {
            Ok(forward) => forward.as_secs_f64(),
            Err(back) => -back.duration().as_secs_f64(),
        };
        let jump = shown - went;
        (jump.abs() > CLOCK_JUMP_SECONDS).then_some(jump as i64)
    }
}

/// Until somebody asks the program to end.
///
/// # Errors
/// The kernel gives no handler.
pub(crate) async fn wait_for_signal() -> anyhow::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    Ok(())
}

/// What compiles in the policy and is probably not meant.
fn warn(policy: &Compiled) {
    for lint in policy.lints() {
        say::complaint(format_args!(
            "warning: in the policy {}, {}",
            policy.plan().parts().name,
            lint.text
        ));
    }
}

fn summary(config: &Config, policy: &Compiled, place: &StorePlace) -> String {
    let dns = match config.vpn.dns.as_slice() {
        [] => "devices keep their own".to_owned(),
        servers => servers.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
    };
    let tariffs: Vec<String> = config.tariffs().into_iter().map(|tariff| tariff.name).collect();
    format!(
        "the configuration and the policy fit together\n  policy   {} ({})\n  digest   {}\n  data     {}\n  store    {place}\n  site     http://localhost:{}, TLS on {}\n  \
         vpn      {}\n  dns      {dns}\n  tariffs  {}",
        policy.plan().parts().name,
        policy.file_name(),
        policy.plan().digest(),
        config.data.display(),
        config.site.local_port,
        config.site.tls,
        if config.vpn.enabled {
            format!("UDP port {}", config.vpn.port)
        } else {
            "off".to_owned()
        },
        tariffs.join(", "),
    )
}

fn welcome(
    config: &Config,
    policy: &Compiled,
    accounts: &Accounts,
    tls: &Tls,
    vpn: &vpn_status::Vpn,
    standing: &Standing,
) -> String {
    let name = config.names().swap_remove(0);
    let (local, far) = (
        format!("http://localhost:{}", config.site.local_port),
        format!("https://{name}:{}", config.site.tls.port()),
    );
    let mut lines = vec![
        format!(
            "Candor {} keeps the policy {} ({})",
            env!("CARGO_PKG_VERSION"),
            policy.plan().parts().name,
            policy.file_name()
        ),
        format!("  digest  {}", policy.plan().digest()),
        format!("  site    {local}   from elsewhere {far}"),
    ];
    if tls.self_signed {
        lines.push(format!(
            "          self-signed; SHA-256 fingerprint {}",
            tls.fingerprint
        ));
    }
    lines.extend(
        vpn.lines()
            .into_iter()
            .enumerate()
            .map(|(index, line)| format!("  {}{line}", if index == 0 { "vpn     " } else { "        " })),
    );
    lines.push(format!("  data    {}", config.data.display()));
    lines.extend(standing.line().map(|line| format!("  user    {line}")));
    if let Some(token) = accounts.set_up().text() {
        lines.push("Set up, once, within the hour:".to_owned());
        lines.push(format!("  {local}/set-up/{token}"));
        lines.push(format!("  {far}/set-up/{token}"));
    }
    lines.join("\n")
}
