//! The store and plain `sqlx` side by side, on one engine: what `bench/store/run` starts.
//!
//! ```text
//! store_bench sqlite   OURS_FOLDER PLAIN_FOLDER              ROUNDS SECONDS MEMBERS
//! store_bench postgres OURS_URL OURS_KEYS PLAIN_URL PLAIN_KEYS ROUNDS SECONDS MEMBERS
//! ```
//!
//! Both sides have the schema that the store makes, run the same statements on it, with the same settings and as many
//! connections, and share commits in the same way. What differs: the plain side writes every value in clear, has no keys,
//! and asks no policy. Each result is a line of JSON on standard output.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "what is measured is what it prints"
)]

mod ours;
mod plain;

use std::error::Error;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use plan::{Clock, Timestamp};
use serde_json::json;
use store::{Place, ServerUrl};

use crate::ours::Ours;
use crate::plain::Plain;

/// What a member of the benchmark is told apart by.
pub(crate) type Id = [u8; 16];

/// Tasks that read at once: as many as a store has connections that read.
const READERS: usize = 4;
/// Tasks that write at once; they share commits.
const WRITERS: usize = 64;
/// Rows of each writer in one slice.
const ROWS_OF_A_WRITER: usize = 20;
/// Slices of one side in a round; the sides take turns.
const SLICES: u32 = 4;
/// Days of usage, and devices, of an ordinary member.
pub(crate) const DAYS: i32 = 30;
pub(crate) const DEVICES: usize = 2;
/// Days of usage, and devices, of a member with 1,000 rows.
pub(crate) const MANY_DAYS: i32 = 500;
pub(crate) const MANY_DEVICES: usize = 500;
/// Exports and erasures of a member with 1,000 rows, of each side in a round.
const EXPORTS: u32 = 12;
const ERASURES: u32 = 4;

pub(crate) type Outcome<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;

pub(crate) struct WallClock;

impl Clock for WallClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        Timestamp::from_microseconds(i64::try_from(since.unwrap_or_default().as_micros()).unwrap_or(i64::MAX))
    }
}

/// Chance that costs nothing (xorshift64*).
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % end
    }
}

/// What one side did: how long each took, and all together.
#[derive(Default)]
struct Took {
    each: Vec<Duration>,
    together: Duration,
}

impl Took {
    fn add(&mut self, other: Self) {
        self.each.extend(other.each);
        self.together += other.together;
    }

    fn line(mut self, engine: &str, measure: Measure, side: &str, round: u32) -> serde_json::Value {
        self.each.sort_unstable();
        let at = |share: f64| {
            let index = (self.each.len() as f64 * share) as usize;
            self.each[index.min(self.each.len() - 1)].as_secs_f64() * 1e6
        };
        let rate = self.each.len() as f64 / self.together.as_secs_f64();
        json!({
            "engine": engine, "measure": measure.key(), "side": side, "round": round, "operations": self.each.len(),
            "per_second": rate, "median_us": at(0.5), "p99_us": at(0.99),
        })
    }
}

/// What is measured.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Measure {
    ReadPlain,
    ReadSealed,
    ReadRow,
    InsertPlain,
    InsertSealed,
    Export,
    Erase,
}

impl Measure {
    const ALL: [Self; 7] = [
        Self::ReadPlain,
        Self::ReadSealed,
        Self::ReadRow,
        Self::InsertPlain,
        Self::InsertSealed,
        Self::Export,
        Self::Erase,
    ];

    const fn key(self) -> &'static str {
        match self {
            Self::ReadPlain => "read-plain",
            Self::ReadSealed => "read-sealed",
            Self::ReadRow => "read-row",
            Self::InsertPlain => "insert-plain",
            Self::InsertSealed => "insert-sealed",
            Self::Export => "export",
            Self::Erase => "erase",
        }
    }
}

/// One of the two sides.
pub(crate) trait Side: Send + Sync + 'static {
    /// Reads one thing about one member.
    fn read(&self, measure: Measure, chance: &mut Chance) -> impl Future<Output = Outcome> + Send;
    /// Inserts one row.
    fn insert(&self, measure: Measure, chance: &mut Chance) -> impl Future<Output = Outcome> + Send;
    /// Everything about the member with 1,000 rows, as JSON; its length.
    fn export(&self) -> impl Future<Output = Outcome<usize>> + Send;
    /// Makes another member with 1,000 rows.
    fn furnish(&self) -> impl Future<Output = Outcome<Id>> + Send;
    /// Erases a member.
    fn erase(&self, id: Id) -> impl Future<Output = Outcome> + Send;
}

async fn slice(side: &Arc<impl Side>, measure: Measure, seed: u64, seconds: f64) -> Outcome<Took> {
    match measure {
        Measure::ReadPlain | Measure::ReadSealed | Measure::ReadRow => {
            let until = Instant::now() + Duration::from_secs_f64(seconds / f64::from(SLICES));
            let reader = |side: Arc<_>, mut chance: Chance| async move {
                let mut each = Vec::with_capacity(100_000);
                while Instant::now() < until {
                    let began = Instant::now();
                    Side::read(&*side, measure, &mut chance).await?;
                    each.push(began.elapsed());
                }
                Ok(each)
            };
            together(side, READERS, seed, reader).await
        }
        Measure::InsertPlain | Measure::InsertSealed => {
            let writer = |side: Arc<_>, mut chance: Chance| async move {
                let mut each = Vec::with_capacity(ROWS_OF_A_WRITER);
                for _ in 0..ROWS_OF_A_WRITER {
                    let began = Instant::now();
                    Side::insert(&*side, measure, &mut chance).await?;
                    each.push(began.elapsed());
                }
                Ok(each)
            };
            together(side, WRITERS, seed, writer).await
        }
        Measure::Export => {
            let mut took = Took::default();
            for _ in 0..EXPORTS.div_ceil(SLICES) {
                let began = Instant::now();
                if side.export().await? < 50_000 {
                    return Err("the export is too short to be one".into());
                }
                took.each.push(began.elapsed());
            }
            took.together = took.each.iter().sum();
            Ok(took)
        }
        Measure::Erase => {
            let mut took = Took::default();
            for _ in 0..ERASURES.div_ceil(SLICES) {
                let id = side.furnish().await?;
                let began = Instant::now();
                side.erase(id).await?;
                took.each.push(began.elapsed());
            }
            took.together = took.each.iter().sum();
            Ok(took)
        }
    }
}

/// Runs so many tasks at once, and gathers how long each of their operations took.
async fn together<S: Side, F>(
    side: &Arc<S>,
    tasks: usize,
    seed: u64,
    task: impl Fn(Arc<S>, Chance) -> F,
) -> Outcome<Took>
where
    F: Future<Output = Outcome<Vec<Duration>>> + Send + 'static,
{
    let began = Instant::now();
    let mut running = tokio::task::JoinSet::new();
    for number in 0..tasks as u64 {
        let chance = Chance((seed << 8 | number).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        running.spawn(task(Arc::clone(side), chance));
    }
    let mut took = Took::default();
    for each in running.join_all().await {
        took.each.extend(each?);
    }
    took.together = began.elapsed();
    Ok(took)
}

async fn compare(engine: &str, ours: Ours, plain: Plain, rounds: u32, seconds: f64) -> Outcome {
    let (ours, plain) = (Arc::new(ours), Arc::new(plain));
    // Round 0 warms up and is not told.
    for round in 0..=rounds {
        for measure in Measure::ALL {
            let (mut of_ours, mut of_plain) = (Took::default(), Took::default());
            let seconds = if round == 0 { seconds / 4.0 } else { seconds };
            for part in 0..SLICES {
                let seed = u64::from(round * 100 + part);
                if (part + round).is_multiple_of(2) {
                    of_ours.add(slice(&ours, measure, seed, seconds).await?);
                    of_plain.add(slice(&plain, measure, seed, seconds).await?);
                } else {
                    of_plain.add(slice(&plain, measure, seed, seconds).await?);
                    of_ours.add(slice(&ours, measure, seed, seconds).await?);
                }
            }
            if round > 0 {
                println!("{}", of_ours.line(engine, measure, "candor", round));
                println!("{}", of_plain.line(engine, measure, "plain", round));
            }
        }
    }
    ours.close().await;
    Ok(())
}

#[tokio::main]
async fn main() -> Outcome {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let url = |url: &str| ServerUrl::parse(url);
    let (places, engine, numbers) = match words.as_slice() {
        ["sqlite", ours, plain, rest @ ..] => {
            let folder = |path: &str| Place::Folder(path.into());
            ([folder(ours), folder(plain)], "sqlite", rest)
        }
        ["postgres", ours, ours_keys, plain, plain_keys, rest @ ..] => {
            let place = |rows, keys| {
                Outcome::Ok(Place::Servers {
                    rows: url(rows)?,
                    keys: url(keys)?,
                })
            };
            ([place(ours, ours_keys)?, place(plain, plain_keys)?], "postgres", rest)
        }
        _ => return Err("see the head of crates/lab/examples/store_bench/main.rs".into()),
    };
    let [rounds, seconds, members] = numbers else {
        return Err("give ROUNDS SECONDS MEMBERS at the end".into());
    };
    let (rounds, seconds, members) = (rounds.parse()?, seconds.parse()?, members.parse()?);
    let [of_ours, of_plain] = places;
    // The plain side's schema is the store's own.
    ours::open(of_plain.clone()).await?.close().await;
    let plain = Plain::open(&of_plain, words[if engine == "sqlite" { 2 } else { 3 }], members).await?;
    compare(engine, Ours::open(of_ours, members).await?, plain, rounds, seconds).await
}
