//! Random sequences of changes, erasures, passing time, sweeps and restarts, against a model of a few maps: the store
//! reads and exports the same.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic, as tests do")]

mod world;

use std::collections::BTreeMap;
use std::sync::Arc;

use plan::act::Keep;
use plan::field::Nickname;
use plan::{Day, ManualClock, Permit, Personal, SubjectId, Timestamp};
use proptest::prelude::*;
use store::{Origin, Store, StoreError};
use world::{DAY, Device, Home, START, device, usage};

/// How many people the sequences are about.
const PEOPLE: usize = 3;

#[derive(Clone, Debug)]
enum Step {
    Join(usize),
    /// Puts a nickname out of a few, so that people meet over one.
    Nickname(usize, u8),
    /// Puts a new device.
    Device(usize),
    /// Replaces the count of a day.
    Usage(usize, u8, i64),
    Erase(usize),
    Pass(i64),
    Sweep,
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    let person = 0..PEOPLE;
    prop_oneof![
        3 => person.clone().prop_map(Step::Join),
        4 => (person.clone(), 0..3_u8).prop_map(|(person, name)| Step::Nickname(person, name)),
        2 => person.clone().prop_map(Step::Device),
        4 => (person.clone(), 0..3_u8, any::<i64>()).prop_map(|(person, day, bytes)| Step::Usage(person, day, bytes)),
        1 => person.prop_map(Step::Erase),
        2 => prop_oneof![Just(10 * DAY), Just(31 * DAY), Just(200 * DAY)].prop_map(Step::Pass),
        1 => Just(Step::Sweep),
        1 => Just(Step::Restart),
    ]
}

/// What the model knows about somebody.
#[derive(Default)]
struct Person {
    nickname: Option<(u8, Timestamp)>,
    devices: usize,
    usage: BTreeMap<u8, (i64, Timestamp)>,
}

#[derive(Default)]
struct Model {
    here: BTreeMap<usize, (SubjectId, Person)>,
    gone: Vec<SubjectId>,
}

impl Model {
    /// The lines of an export, as the model expects them.
    fn lines(person: &Person, now: Timestamp) -> Vec<String> {
        let mut lines = Vec::new();
        if let Some((name, ends)) = person.nickname.filter(|(_, ends)| *ends > now) {
            lines.push(format!("held nickname {name} {ends}"));
        }
        lines.extend((0..person.devices).map(|_| "device router".to_owned()));
        let usage = person.usage.iter().filter(|(_, (_, ends))| *ends > now);
        lines.extend(usage.map(|(day, (bytes, ends))| format!("usage {day} {bytes} {ends}")));
        lines.sort();
        lines
    }

    /// Whether somebody else has a nickname at present.
    fn is_taken(&self, person: usize, name: u8, now: Timestamp) -> bool {
        let others = self.here.iter().filter(|(other, _)| **other != person);
        let mut names = others.filter_map(|(_, (_, other))| other.nickname);
        names.any(|(other, ends)| other == name && ends > now)
    }

    /// What a start forgets: people without any row.
    fn restart(&mut self) {
        let bare = |person: &Person| person.nickname.is_none() && person.devices == 0 && person.usage.is_empty();
        let forgotten: Vec<usize> = self
            .here
            .iter()
            .filter(|(_, (_, person))| bare(person))
            .map(|(at, _)| *at)
            .collect();
        for at in forgotten {
            self.gone.extend(self.here.remove(&at).map(|(id, _)| id));
        }
    }

    fn sweep(&mut self, now: Timestamp) {
        for (_, person) in self.here.values_mut() {
            person.nickname = person.nickname.filter(|(_, ends)| *ends > now);
            person.usage.retain(|_, (_, ends)| *ends > now);
        }
    }
}

async fn lines(store: &Store, id: SubjectId) -> Result<Vec<String>, StoreError> {
    let mut lines = Vec::new();
    for table in store.export(id).await?.tables {
        for row in &table.rows {
            let words: Vec<String> = row
                .columns
                .iter()
                .map(|column| column.value.as_ref().unwrap().to_string())
                .collect();
            lines.push(match table.name {
                "held" => format!("held nickname {} {}", words[0], row.expires_at),
                "device" => format!("device {}", words[0]),
                "usage" => {
                    let day = (0..3).find(|day| day_of(*day).to_string() == words[0]).unwrap();
                    format!("usage {day} {} {}", words[1], row.expires_at)
                }
                other => panic!("nothing was put into {other}"),
            });
        }
    }
    lines.sort();
    Ok(lines)
}

fn day_of(number: u8) -> Day {
    Day::from_number(20_000 + i32::from(number))
}

async fn take(step: &Step, store: &Store, model: &mut Model) {
    let now = store.now();
    match *step {
        Step::Join(person) if !model.here.contains_key(&person) => {
            let id = store.create_subject().await.unwrap().id();
            model.here.insert(person, (id, Person::default()));
        }
        Step::Nickname(person, name) => {
            let taken = model.is_taken(person, name, now);
            let Some((id, known)) = model.here.get_mut(&person) else {
                return;
            };
            let keep: Permit<Nickname, Keep> = store.plan().permit().unwrap();
            let subject = store.subject(*id).await.unwrap();
            let nickname = Personal::new(name.to_string());
            let ops = store.held().put_found(&keep, &subject, &nickname, Origin::Person);
            match store.commit(ops).await {
                Ok(_) => {
                    assert!(!taken);
                    known.nickname = Some((name, now.plus_seconds(30 * DAY)));
                }
                Err(error) => assert!(taken && error == StoreError::Taken, "{error}"),
            }
        }
        Step::Device(person) => {
            let Some((id, known)) = model.here.get_mut(&person) else {
                return;
            };
            let subject = store.subject(*id).await.unwrap();
            let row = device(store, &subject, "router");
            store
                .commit(vec![store.rows::<Device>().unwrap().insert(&subject, &row).unwrap()])
                .await
                .unwrap();
            known.devices += 1;
        }
        Step::Usage(person, day, bytes) => {
            let Some((id, known)) = model.here.get_mut(&person) else {
                return;
            };
            let subject = store.subject(*id).await.unwrap();
            let row = usage(&subject, day_of(day), bytes);
            store
                .commit(vec![store.rows().unwrap().upsert(&subject, &row).unwrap()])
                .await
                .unwrap();
            let ends = known.usage.get(&day).map(|(_, ends)| *ends).filter(|ends| *ends > now);
            known
                .usage
                .insert(day, (bytes, ends.unwrap_or(now.plus_seconds(395 * DAY))));
        }
        Step::Erase(person) => {
            let Some((id, _)) = model.here.remove(&person) else {
                return;
            };
            store.erase(id).await.unwrap();
            model.gone.push(id);
        }
        Step::Sweep => {
            store.sweep().await.unwrap();
            model.sweep(now);
        }
        Step::Join(_) | Step::Pass(_) | Step::Restart => {}
    }
}

async fn play(home: &Home, steps: &[Step]) {
    let clock = Arc::new(ManualClock::new(START));
    let mut store = world::reopen(home, &clock).await;
    let mut model = Model::default();
    for step in steps {
        take(step, &store, &mut model).await;
        match step {
            Step::Pass(seconds) => clock.advance_seconds(*seconds),
            Step::Restart => {
                store.close().await;
                store = world::reopen(home, &clock).await;
                model.restart();
            }
            _ => {}
        }
        for (id, person) in model.here.values() {
            assert_eq!(
                lines(&store, *id).await.unwrap(),
                Model::lines(person, store.now()),
                "after {step:?}"
            );
            let held = store
                .held()
                .read::<Nickname>(&store.subject(*id).await.unwrap())
                .await
                .unwrap();
            assert_eq!(
                held.is_some(),
                person.nickname.is_some_and(|(_, ends)| ends > store.now())
            );
        }
        for id in &model.gone {
            assert_eq!(lines(&store, *id).await, Err(StoreError::NoSuchSubject));
        }
    }
    store.close().await;
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn the_store_reads_and_exports_what_the_model_does(steps in prop::collection::vec(step(), 1..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(play(&Home::sqlite(), &steps));
    }
}

proptest! {
    // Each case makes two databases of a server.
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn the_store_on_a_server_reads_and_exports_what_the_model_does(steps in prop::collection::vec(step(), 1..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(play(&Home::postgres(), &steps));
    }
}
