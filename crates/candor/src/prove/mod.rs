//! `candor prove`: a synthetic member carries canaries through every service of a running instance, and then every
//! place of the machine that could have kept them is searched.
//!
//! A user without root's rights may not make the namespaces, nor look into processes; then the device is on this machine,
//! and a twin is proved as well ([`twin`]).
//!
//! ```text
//!   client namespace ──WireGuard──▶ the running instance ──▶ destination namespace
//!     canary: where it comes from      │ parent │ worker       canaries: address, name asked for, payload
//!                                      ▼
//!        files · memory of the parent · logs · kernel log · rules · connection table
//! ```
//!
//! A search that finds nothing proves nothing unless it can find: a leak is planted, and must be found.

mod canary;
mod places;
mod report;
pub(crate) mod twin;
pub(crate) mod world;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use anyhow::Context as _;
use hyper::StatusCode;

use crate::cli::ProveArgs;
use crate::folder::Running;
use crate::member::{self, KeyPair};
use crate::say;
use crate::site::Site;
use canary::{Canary, Class};
use places::Finding;
use report::{Report, Verdict};
use sys::lockdown::{Descriptor, Gap, Kind};

/// Where logs lie on Debian.
const LOG_FOLDERS: [&str; 2] = ["/var/log", "/run/log"];
const CONNECTION_TABLE: &str = "/proc/net/nf_conntrack";
/// How long the worker's counts may take to reach the usage page; it reports every few seconds.
const COUNTS_PATIENCE: Duration = Duration::from_secs(30);
const COUNTS_POLL: Duration = Duration::from_millis(250);
const TRAFFIC_PASSES: &str = "traffic passes through the VPN, over IPv4 and IPv6";
const PLANTED: &str = "planted-by-candor-prove";
/// What a finding in the kernel's connection table means.
const CONNECTION_TABLE_ALLOWED: &str = "allowed: while a flow lives, the kernel's connection table holds a random internal address and the destination (SECURITY.md)";

/// Proves on this machine that a running provider keeps nothing but what its policy declares; whether all of it holds.
///
/// # Errors
/// No instance runs there, or the synthetic member could not do what members do.
pub(crate) async fn prove(arguments: ProveArgs) -> anyhow::Result<bool> {
    let config = arguments.instance.configuration()?;
    let progress: &dyn Fn(&str) = match arguments.json {
        true => &|_| {},
        false => &|step| say::progress(step),
    };
    let mut report = run(&config.data, progress).await?;
    if !may_lay_cables() {
        progress("proving a twin, for what this user may not look at");
        let running = Running::read(&config.data)?;
        match tokio::task::block_in_place(|| twin::prove(&config, &running)) {
            Ok(twin) => report.complete(twin),
            Err(error) => report.add(
                "a twin of this instance was proved as well",
                Verdict::NotChecked,
                vec![
                    crate::chain(&error),
                    "or prove the running instance itself: sudo candor prove".to_owned(),
                ],
            ),
        }
    }
    if arguments.json {
        say::answer(format_args!("{:#}", report.json()));
    } else {
        say::answer(report.text());
    }
    Ok(report.all_holds())
}

/// The synthetic member.
struct Synthetic {
    site: Site,
    email: String,
    label: String,
    password: String,
}

/// Runs the proof against the instance on a data folder. `progress` is told each step.
///
/// # Errors
/// As [`prove`].
pub(crate) async fn run(data: &Path, progress: &dyn Fn(&str)) -> anyhow::Result<Report> {
    let begun = SystemTime::now();
    let running = Running::read(data)?;
    let mut report = Report::default();
    report.add(
        format!("the running policy has the digest {}", running.plan_digest),
        Verdict::Holds,
        vec![format!("process {}, data in {}", running.pid, data.display())],
    );
    progress("joining as a synthetic member");
    let mut synthetic = Synthetic {
        site: Site::new(&format!("http://localhost:{}", running.local_port), None)?,
        email: format!("canary-{}@prove.invalid", canary::token()?),
        label: format!("canary {}", canary::token()?),
        password: canary::token()?,
    };
    member::join(&mut synthetic.site, &synthetic.email, &synthetic.password).await?;
    let outcome = checks(data, &running, begun, &mut synthetic, &mut report, progress).await;
    progress("erasing the synthetic member");
    let certificate = member::erase(&mut synthetic.site, &synthetic.password).await;
    outcome?;
    let certificate = certificate?;
    let account = synthetic.canaries();
    let account: Vec<&Canary> = account.iter().collect();
    let verifies = store::Certificate::verifies(&certificate);
    report.add(
        "the erasure certificate's signature fits its text",
        if verifies { Verdict::Holds } else { Verdict::Broken },
        Vec::new(),
    );
    report.search(
        places::folder("files after the erasure", data, None, &account),
        Class::Account,
        None,
    );
    residue(&mut report, running.pid, &account);
    Ok(report)
}

impl Synthetic {
    fn canaries(&self) -> Vec<Canary> {
        vec![
            Canary::text("e-mail address", &self.email),
            Canary::text("device label", &self.label),
            Canary::text("password", &self.password),
        ]
    }
}

async fn checks(
    data: &Path,
    running: &Running,
    begun: SystemTime,
    synthetic: &mut Synthetic,
    report: &mut Report,
    progress: &dyn Fn(&str),
) -> anyhow::Result<()> {
    let worker = worker_of(running.pid, "vpn");
    lockdown(report, worker, "worker");
    lockdown(report, worker_of(running.pid, "connector"), "connector");
    match worker {
        None => report.add(
            "traffic passes through the VPN",
            Verdict::NotChecked,
            vec!["the VPN of this instance does not run; its start says what is missing".into()],
        ),
        Some(_) => traffic(data, running, begun, synthetic, report, progress).await?,
    }
    if let Some(server) = &running.server {
        report.add(
            "the database server's files hold nothing in clear",
            Verdict::NotChecked,
            vec![format!(
                "{server}: they are the server's, and this proof does not search them; SECURITY.md says what stands in them"
            )],
        );
    }
    progress("searching for the account in clear");
    let account = synthetic.canaries();
    let account: Vec<&Canary> = account.iter().collect();
    report.search(places::folder("files", data, None, &account), Class::Account, None);
    Ok(())
}

async fn traffic(
    data: &Path,
    running: &Running,
    begun: SystemTime,
    synthetic: &mut Synthetic,
    report: &mut Report,
    progress: &dyn Fn(&str),
) -> anyhow::Result<()> {
    progress("adding a device and sending canaries through the tunnel");
    let keys = KeyPair::generate()?;
    let configuration = member::add_device(&mut synthetic.site, &synthetic.label, &keys).await?;
    let tour = world::Tour::draw(&configuration, &keys, running.vpn_port, may_lay_cables())?;
    let canaries = tour.canaries();
    let done = tokio::task::spawn_blocking(move || tour.travel())
        .await
        .context("the tour through the tunnel broke off")?;
    let (tour, sights) = done?;
    match tour.is_laid() {
        true => report.add(TRAFFIC_PASSES, Verdict::Holds, sights),
        false => {
            report.add(
                "the running VPN answers a device on this machine, over IPv4 and IPv6",
                Verdict::Holds,
                sights,
            );
            let why = "a destination that answers needs network namespaces; run: sudo candor prove";
            report.add(TRAFFIC_PASSES, Verdict::NotChecked, vec![why.to_owned()]);
        }
    }
    progress("waiting until the worker has reported its counts");
    let counted = counts_arrived(&mut synthetic.site).await?;
    report.add(
        "the worker reports counts, and only then is the machine searched",
        if counted { Verdict::Holds } else { Verdict::Broken },
        Vec::new(),
    );
    let wanted: Vec<&Canary> = canaries.iter().collect();
    progress("searching the machine for the traffic");
    report.search(places::folder("files", data, None, &wanted), Class::Traffic, None);
    report.search(
        places::memory("memory of the parent", running.pid, &wanted),
        Class::Traffic,
        None,
    );
    report.search(
        places::memory_files("memory that a worker leaves to the next", running.pid, &wanted),
        Class::Traffic,
        None,
    );
    for folder in LOG_FOLDERS {
        report.search(
            places::folder(
                &format!("logs in {folder} written since"),
                Path::new(folder),
                Some(begun),
                &wanted,
            ),
            Class::Traffic,
            None,
        );
    }
    report.search(
        places::folder(
            "temporary files written since",
            &std::env::temp_dir(),
            Some(begun),
            &wanted,
        ),
        Class::Traffic,
        None,
    );
    report.search(
        places::output("the kernel's log", "dmesg", &[], &wanted),
        Class::Traffic,
        None,
    );
    report.search(
        places::output("the kernel's packet rules", "nft", &["list", "ruleset"], &wanted),
        Class::Traffic,
        None,
    );
    connection_table(report, &wanted);
    plant(report, data, &wanted, &tour)?;
    tour.end();
    Ok(())
}

/// Waits until the traffic is on the usage page: a leak that is written together with the counts is there by then. A
/// policy without usage has no such page, and then there is nothing to wait for.
async fn counts_arrived(site: &mut Site) -> anyhow::Result<bool> {
    let begun = Instant::now();
    while begun.elapsed() < COUNTS_PATIENCE {
        let page = site.get("/usage").await?;
        if page.status == StatusCode::NOT_FOUND || page.first_row().is_some() {
            return Ok(true);
        }
        tokio::time::sleep(COUNTS_POLL).await;
    }
    Ok(false)
}

/// The kernel's own table of flows: it may name a destination while a flow lives, and never where a device is, what it
/// asks or what it says.
fn connection_table(report: &mut Report, canaries: &[&Canary]) {
    let path = Path::new(CONNECTION_TABLE);
    if !path.exists() {
        return;
    }
    let (named, others): (Vec<&Canary>, Vec<&Canary>) = canaries
        .iter()
        .partition(|canary| canary.name.starts_with("destination"));
    let search = |place: &str, canaries: &[&Canary]| places::file(place, path, canaries);
    report.search(
        search("the kernel's connection table, where a flow goes", &named),
        Class::Traffic,
        Some(CONNECTION_TABLE_ALLOWED),
    );
    report.search(
        search("the kernel's connection table, who and what", &others),
        Class::Traffic,
        None,
    );
}

/// Plants a leak where a careless line of code would put it, and demands that the search finds it.
fn plant(report: &mut Report, data: &Path, canaries: &[&Canary], tour: &world::Tour) -> anyhow::Result<()> {
    let path: PathBuf = data.join(PLANTED);
    std::fs::write(&path, tour.leak()).with_context(|| format!("{} cannot be written", path.display()))?;
    let searched = places::folder("files with a planted leak", data, None, canaries);
    std::fs::remove_file(&path).with_context(|| format!("{} cannot be removed; remove it by hand", path.display()))?;
    let caught = searched.found.iter().any(|finding| finding.at.ends_with(PLANTED));
    report.add(
        "the search finds a leak that was planted on purpose",
        if caught { Verdict::Holds } else { Verdict::Broken },
        vec![format!(
            "a destination address in a file of the data folder: {}",
            if caught { "found" } else { "NOT found" }
        )],
    );
    Ok(())
}

/// Whether this process may make the namespaces and cables of a tour.
fn may_lay_cables() -> bool {
    sys::Machine::look().is_ok_and(|machine| machine.capabilities.net_admin() && machine.capabilities.sys_admin())
}

fn lockdown(report: &mut Report, worker: Option<u32>, role: &str) {
    let Some(worker) = worker else { return };
    match sys::read_lockdown(worker) {
        Err(error) => report.add(
            format!("the {role} is locked down, as the kernel reports it"),
            Verdict::NotChecked,
            vec![format!("{error}; run: sudo candor prove")],
        ),
        Ok(lock) => {
            let mut gaps = lock.gaps();
            // A connector's sockets are what it is for.
            let is_expected = |gap: &Gap| matches!(gap, Gap::Descriptor(at) if at.kind == Kind::OtherSocket);
            gaps.retain(|gap| role != "connector" || !is_expected(gap));
            let mut detail = vec![
                format!(
                    "process {worker}: seccomp mode {}, {} filter(s), no new privileges: {}",
                    lock.seccomp_mode, lock.seccomp_filters, lock.no_new_privileges
                ),
                format!(
                    "core dumps: {} bytes, files: {} bytes, user {}",
                    limit(lock.core_bytes),
                    limit(lock.file_bytes),
                    lock.users[1]
                ),
            ];
            let listed: Option<Vec<String>> = lock.descriptors.as_ref().map(|descriptors| {
                let one = |descriptor: &Descriptor| format!("{} {:?}", descriptor.number, descriptor.kind);
                descriptors.iter().map(one).collect()
            });
            detail.push(match &listed {
                Some(listed) => format!("descriptors: {}", listed.join(", ")),
                None => "descriptors: only root may list them; run: sudo candor prove".to_owned(),
            });
            detail.extend(gaps.iter().map(|gap| format!("gap: {gap:?}")));
            report.add(
                format!("the {role} is locked down, as the kernel reports it"),
                match (gaps.as_slice(), listed) {
                    ([], Some(_)) => Verdict::Holds,
                    ([], None) => Verdict::NotChecked,
                    _ => Verdict::Broken,
                },
                detail,
            );
        }
    }
}

fn limit(bytes: Option<u64>) -> String {
    bytes.map_or("unlimited".to_owned(), |bytes| bytes.to_string())
}

/// What is left of the account in the parent's memory is reported and breaks nothing: memory is not a place of rest.
fn residue(report: &mut Report, process: u32, account: &[&Canary]) {
    let searched = places::memory("memory of the parent after the erasure", process, account);
    let (verdict, detail) = match (&searched.found[..], &searched.not_searched) {
        (_, Some(why)) => (Verdict::NotChecked, vec![format!("not searched: {why}")]),
        ([], None) => (Verdict::Allowed, vec![searched.extent, "no residue".into()]),
        (found, None) => {
            let residue = |finding: &Finding| format!("residue: {} ({})", finding.canary, finding.form);
            (Verdict::Allowed, found.iter().map(residue).collect())
        }
    };
    report.add(
        "memory of the parent after the erasure: residue is reported, not forbidden",
        verdict,
        detail,
    );
}

/// The confined process of this role that an instance started.
pub(crate) fn worker_of(parent: u32, role: &str) -> Option<u32> {
    let children = std::fs::read_dir(format!("/proc/{parent}/task"))
        .ok()?
        .flatten()
        .filter_map(|task| std::fs::read_to_string(task.path().join("children")).ok());
    let children: Vec<u32> = children
        .flat_map(|list| {
            list.split_whitespace()
                .filter_map(|pid| pid.parse().ok())
                .collect::<Vec<_>>()
        })
        .collect();
    children.into_iter().find(|pid| {
        std::fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| {
            line.split(|byte| *byte == 0)
                .skip(1)
                .take(2)
                .eq([b"worker", role.as_bytes()])
        })
    })
}
