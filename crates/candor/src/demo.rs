//! `candor demo`: the guided tour in one terminal, in user, mount and network namespaces of its own.
//!
//! It starts the same program as `candor serve` does, in a temporary folder, and touches nothing of the machine.

use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use indicatif::{ProgressBar, ProgressStyle};
use vpn::driver::inside::Inside;

use crate::client::{Client, Configuration};
use crate::folder::Running;
use crate::member::{self, KeyPair};
use crate::passing::{Provider, Settings};
use crate::prove::world::Cable;
use crate::say;
use crate::site::Site;
use crate::tunnel::GATEWAY;

/// What is downloaded through the tunnel, in bytes.
const DOWNLOAD_BYTES: u64 = 256 << 20;
const DOWNLOAD_PORT: u16 = 8000;
/// How long a step in the tunnel may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long the last counts may take to reach the usage page; the worker reports every few seconds.
const USAGE_PATIENCE: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(100);

/// Moves this process into namespaces of its own; must come before the first thread. What the machine does not allow
/// is given back as a reason, and the tour goes on without it.
///
/// # Errors
/// The reason why there are no namespaces.
pub(crate) fn isolate() -> Result<(), String> {
    sys::namespace::isolate().map_err(|error| error.to_string())
}

/// The tour. `isolated` says why there are no namespaces, where there are none.
///
/// # Errors
/// A step did not work; what was started is ended.
pub(crate) async fn demo(isolated: Result<(), String>) -> anyhow::Result<()> {
    step(1, "A provider starts in a temporary folder, from the built-in policy");
    let provider = Provider::start(&Settings::default())?;
    indent(&provider.output());
    let running = Running::read(&provider.data())?;
    let mut site = Site::new(&format!("http://localhost:{}", running.local_port), None)?;

    step(2, "A member joins with an e-mail address and a password");
    let (email, password) = ("ada@example.org", "three small words");
    member::join(&mut site, email, password).await?;
    say::answer(format_args!(
        "    {email} has joined and accepted the policy {}…",
        &running.plan_digest[..16]
    ));

    step(3, "The member's device connects, and downloads through the tunnel");
    tunnel(&mut site, running.vpn_port, isolated).await?;

    step(
        4,
        "Proof: canaries go through every service, then the whole machine is searched for them",
    );
    let report = crate::prove::run(&provider.data(), &|step| say::progress(step)).await?;
    indent(&report.text());

    step(
        5,
        "The member erases everything; the certificate proves that the provider said so",
    );
    let certificate = member::erase(&mut site, password).await?;
    indent(&certificate);

    step(6, "The provider stops, and the temporary folder is removed");
    drop(provider);
    say::answer("    Done. `candor serve` starts a provider that stays.");
    Ok(())
}

async fn tunnel(site: &mut Site, port: u16, isolated: Result<(), String>) -> anyhow::Result<()> {
    let keys = KeyPair::generate()?;
    let text = match member::add_device(site, "laptop", &keys).await {
        Ok(text) => text,
        Err(error) => {
            say::answer(format_args!("    left out: {error}"));
            return Ok(());
        }
    };
    if let Err(reason) = isolated {
        let here = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), port);
        let configuration = Configuration::parse(&text, &keys, here)?;
        tokio::task::spawn_blocking(move || ask(&configuration)).await??;
        say::answer(format_args!("    the download is left out: {reason}"));
        return Ok(());
    }
    let (device, destination) = (Cable::draw()?, Cable::draw()?);
    let configuration = Configuration::parse(&text, &keys, SocketAddr::new(device.near(), port))?;
    tokio::task::spawn_blocking(move || download(&device, &destination, &configuration)).await??;
    show_usage(site).await
}

/// What a device on this machine can do where there are no namespaces: a member's traffic never ends on this machine, but
/// the provider answers.
fn ask(configuration: &Configuration) -> anyhow::Result<()> {
    let mut client = Client::start(None, Ipv4Addr::LOCALHOST.into(), configuration)?;
    for own in [IpAddr::V6(GATEWAY.v6), IpAddr::V4(GATEWAY.v4)] {
        client
            .inside
            .ping(own, b"is anybody there?", PATIENCE)
            .with_context(|| format!("{own} does not answer through the tunnel"))?;
        say::answer(format_args!(
            "    {own}, the provider's own address, answers through the tunnel"
        ));
    }
    Ok(())
}

/// Downloads from a small server in another namespace, with a progress bar.
fn download(device: &Cable, destination: &Cable, configuration: &Configuration) -> anyhow::Result<()> {
    let far = destination.lay("cdrdemo1", "wire")?;
    let near = device.lay("cdrdemo0", "wire")?;
    let address = IpAddr::V6(destination.far_v6);
    far.run(|| serve_bytes(SocketAddr::new(address, DOWNLOAD_PORT)))??;
    let mut client = Client::start(Some(&near), device.far_v6.into(), configuration)?;
    say::answer(format_args!(
        "    the device reaches {address} through the tunnel alone"
    ));
    let begun = Instant::now();
    fetch(&mut client.inside, SocketAddr::new(address, DOWNLOAD_PORT))?;
    let seconds = begun.elapsed().as_secs_f64();
    drop(client);
    let gigabits = DOWNLOAD_BYTES as f64 * 8.0 / seconds / 1e9;
    say::answer(format_args!(
        "    {} MiB in {seconds:.1} s: {gigabits:.2} Gbit/s, both ends on this machine",
        DOWNLOAD_BYTES >> 20
    ));
    Ok(())
}

fn serve_bytes(address: SocketAddr) -> anyhow::Result<()> {
    let listener = TcpListener::bind(address).context("the small server cannot listen")?;
    std::thread::spawn(move || {
        let block = vec![0x42; 1 << 16];
        if let Ok((mut stream, _)) = listener.accept() {
            let mut left = DOWNLOAD_BYTES;
            while left > 0 {
                let length = usize::try_from(left).map_or(block.len(), |left| left.min(block.len()));
                if stream.write_all(&block[..length]).is_err() {
                    break;
                }
                left -= length as u64;
            }
        }
    });
    Ok(())
}

fn fetch(inside: &mut Inside, address: SocketAddr) -> anyhow::Result<()> {
    let mut stream = inside
        .connect(address, PATIENCE)
        .context("the small server cannot be reached through the tunnel")?;
    let style = ProgressStyle::with_template("    {bar:40} {bytes}/{total_bytes} {bytes_per_sec}")
        .context("the bar's template")?;
    let bar = ProgressBar::new(DOWNLOAD_BYTES).with_style(style);
    let mut buffer = vec![0; 1 << 16];
    let mut received = 0;
    while received < DOWNLOAD_BYTES {
        let length = inside
            .read(&mut stream, &mut buffer, PATIENCE)
            .context("the download broke off")?;
        if length == 0 {
            bail!("the download ended after {received} of {DOWNLOAD_BYTES} bytes");
        }
        received += length as u64;
        bar.set_position(received);
    }
    bar.finish();
    Ok(())
}

/// Waits until the counts of the download are on the account page, and prints the day's row.
async fn show_usage(site: &mut Site) -> anyhow::Result<()> {
    let begun = Instant::now();
    loop {
        let page = site.get("/usage").await?;
        if let Some([day, down, up, ..]) = page.first_row().as_deref()
            && megabytes(down) >= DOWNLOAD_BYTES >> 20
        {
            say::answer(format_args!(
                "    all that is kept of it, from the account page: {day}, {down} down, {up} up"
            ));
            return Ok(());
        }
        if begun.elapsed() > USAGE_PATIENCE {
            bail!(
                "the download is not on the usage page after {} s",
                USAGE_PATIENCE.as_secs()
            );
        }
        tokio::time::sleep(POLL).await;
    }
}

/// The MiB of a figure such as `263 MiB`; 0 for anything smaller.
fn megabytes(figure: &str) -> u64 {
    let number = figure.strip_suffix("MiB").map_or("", str::trim);
    number
        .split('.')
        .next()
        .and_then(|number| number.parse().ok())
        .unwrap_or(0)
}

fn step(number: u8, words: &str) {
    say::answer(format_args!("\n{number}. {words}"));
}

fn indent(text: &str) {
    text.trim_end()
        .lines()
        .for_each(|line| say::answer(format_args!("    {line}")));
}
