//! Members' programs at work: they join, add devices, name them anew, remove them, read, export, sign in and erase
//! themselves, and remember what was acknowledged, so that it can be looked for after a crash.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

const PASSWORD: &str = "three small words";
/// The tariff allows five.
const DEVICES: usize = 4;
/// An answer that takes longer is none.
const PATIENCE: Duration = Duration::from_secs(60);

/// SplitMix64 (Steele, Lea, Flood 2014): what is done follows from the seed.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}

/// What came back.
enum Answer {
    /// The status, and the body as far as it came.
    Came(u16, Value),
    /// Nobody answered: it may have been done or not.
    None,
}

/// Asks the plain site of this thread's network namespace.
fn ask(method: &str, path: &str, token: Option<&str>, body: Option<&Value>) -> Answer {
    let exchange = || -> std::io::Result<Vec<u8>> {
        let mut stream = TcpStream::connect("127.0.0.1:8080")?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let body = body.map(Value::to_string).unwrap_or_default();
        let bearer = token.map_or_else(String::new, |token| format!("Authorization: Bearer {token}\r\n"));
        let head = format!(
            "{method} /api/v1{path} HTTP/1.1\r\nHost: localhost:8080\r\nConnection: close\r\n{bearer}\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(format!("{head}{body}").as_bytes())?;
        let mut answer = Vec::new();
        // What came before a connection broke counts: it was acknowledged.
        let _broken = stream.read_to_end(&mut answer);
        Ok(answer)
    };
    let Ok(bytes) = exchange() else { return Answer::None };
    let text = String::from_utf8_lossy(&bytes);
    let status = text.split(' ').nth(1).and_then(|status| status.parse().ok());
    let (Some(status), Some((_, body))) = (status, text.split_once("\r\n\r\n")) else {
        return Answer::None;
    };
    Answer::Came(status, serde_json::from_str(body).unwrap_or_default())
}

/// Whether a person is there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Presence {
    Here,
    Gone,
    /// A joining or an erasure was not answered.
    HereOrGone,
}

/// A device as it may be called.
struct Device {
    labels: Vec<String>,
    /// Its removal was not answered.
    may_be_gone: bool,
}

/// Somebody, and what was acknowledged to them.
pub(crate) struct Person {
    email: String,
    token: Option<String>,
    presence: Presence,
    /// By their ids.
    devices: BTreeMap<String, Device>,
    /// A device that was not acknowledged.
    perhaps: Option<String>,
}

/// What everybody did.
#[derive(Default)]
pub(crate) struct Everybody {
    pub(crate) people: Vec<Person>,
    /// How many changes were acknowledged.
    pub(crate) acknowledged: u64,
    /// How many requests were not answered, or with a failure.
    pub(crate) unanswered: u64,
}

impl Everybody {
    pub(crate) fn add(&mut self, other: Self) {
        self.people.extend(other.people);
        self.acknowledged += other.acknowledged;
        self.unanswered += other.unanswered;
    }

    pub(crate) fn here(&self) -> usize {
        self.people
            .iter()
            .filter(|person| person.presence == Presence::Here)
            .count()
    }

    pub(crate) fn gone(&self) -> usize {
        self.people
            .iter()
            .filter(|person| person.presence == Presence::Gone)
            .count()
    }
}

/// Works until nobody answers any more, or until it is told to stop. `tolerant`: a failure is no answer, and somebody else
/// is worked with.
pub(crate) fn work(name: &str, mut random: Random, tolerant: bool, stop: &AtomicBool) -> Everybody {
    let mut done = Everybody::default();
    let Answer::Came(200, instance) = ask("GET", "/instance", None, None) else {
        return done;
    };
    let accepted = instance["policy_digest"]
        .as_str()
        .expect("the instance says so")
        .to_owned();
    // Each joins as often as the limit of one address allows, among all who work.
    for number in 0..5 {
        let email = format!("{name}.{number}@example.org");
        let mut person = join(email, &accepted);
        let mut goes_on = person.presence == Presence::Here && person.token.is_some();
        done.acknowledged += u64::from(goes_on);
        while goes_on && person.presence == Presence::Here && !stop.load(Ordering::Relaxed) {
            // The last one stays, so that work goes on for as long as it is looked on.
            let is_over = number < 4 && random.below(24) == 0;
            goes_on = if is_over {
                erase(&mut person)
            } else {
                one_thing(&mut person, &mut random)
            };
            done.acknowledged += u64::from(goes_on);
        }
        done.people.push(person);
        if !goes_on {
            done.unanswered += 1;
            if !tolerant {
                break;
            }
            wait_until_answered(done.people.last().and_then(|person| person.token.as_deref()));
        }
        if stop.load(Ordering::Relaxed) {
            break;
        }
    }
    done
}

/// What a person of the load may do by a token.
const SCOPES: [&str; 7] = [
    "account:read",
    "account:write",
    "devices:read",
    "devices:write",
    "usage:read",
    "export",
    "erase",
];

/// Waits until the databases are asked again; without a token of somebody's it cannot be seen, and the next joining sees it.
fn wait_until_answered(token: Option<&str>) {
    let began = std::time::Instant::now();
    while let Answer::Came(500..=599, _) | Answer::None = ask("GET", "/account", token, None) {
        assert!(began.elapsed() < PATIENCE, "nobody answers any more");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn join(email: String, accepted: &str) -> Person {
    let body = json!({"email": email, "password": PASSWORD, "age": 42, "accepted": accepted, "label": "load", "scopes": SCOPES});
    let (presence, token) = match ask("POST", "/join", None, Some(&body)) {
        Answer::Came(201, joined) => (Presence::Here, joined["token"]["token"].as_str().map(str::to_owned)),
        Answer::Came(500..=599, _) | Answer::None => (Presence::HereOrGone, None),
        Answer::Came(status, problem) => panic!("{email} cannot join: {status} {problem}"),
    };
    Person {
        email,
        token,
        presence,
        devices: BTreeMap::new(),
        perhaps: None,
    }
}

/// Whether the request was answered; one that is refused was a wrong one.
fn answered(what: &str, answer: &Answer) -> bool {
    match answer {
        Answer::Came(200..=399, _) => true,
        Answer::Came(500..=599, _) | Answer::None => false,
        Answer::Came(status, problem) => panic!("{what}: {status} {problem}"),
    }
}

fn erase(person: &mut Person) -> bool {
    let body = json!({"word": "erase", "secret": PASSWORD});
    let erased = ask("POST", "/erase", person.token.as_deref(), Some(&body));
    let done = answered("an erasure", &erased);
    person.presence = if done { Presence::Gone } else { Presence::HereOrGone };
    done
}

/// Does one thing; whether it was answered.
fn one_thing(person: &mut Person, random: &mut Random) -> bool {
    let token = person.token.clone();
    let token = token.as_deref();
    let any = usize::try_from(random.next() % 64).unwrap_or(0);
    let id = person.devices.keys().nth(any % person.devices.len().max(1)).cloned();
    match (random.below(16), id) {
        (0..4, _) | (_, None) if person.devices.len() < DEVICES => add(person, random),
        (0..9, Some(id)) => {
            let label = format!("name {}", random.below(1 << 32));
            let body = json!({"label": label});
            let done = answered("a name", &ask("PATCH", &format!("/devices/{id}"), token, Some(&body)));
            let device = person.devices.get_mut(&id).expect("it was chosen among them");
            if done {
                device.labels.clear();
            }
            device.labels.push(label);
            done
        }
        (9, Some(id)) => {
            let done = answered("a removal", &ask("DELETE", &format!("/devices/{id}"), token, None));
            if done {
                person.devices.remove(&id);
            } else if let Some(device) = person.devices.get_mut(&id) {
                device.may_be_gone = true;
            }
            done
        }
        (10, _) => answered("an export", &ask("GET", "/export.zip", token, None)),
        (11, _) => answered("an export", &ask("GET", "/export", token, None)),
        (12, _) => answered("the usage", &ask("GET", "/usage", token, None)),
        (13, _) => answered("the account", &ask("GET", "/account", token, None)),
        _ => answered("the devices", &ask("GET", "/devices", token, None)),
    }
}

fn add(person: &mut Person, random: &mut Random) -> bool {
    let label = format!("device {}", random.below(1 << 32));
    let mut key = [0; 32];
    key.chunks_mut(8)
        .for_each(|part| part.copy_from_slice(&random.next().to_le_bytes()));
    let body = json!({"label": label, "public_key": base_64(&key)});
    let answer = ask("POST", "/devices", person.token.as_deref(), Some(&body));
    let id = match &answer {
        Answer::Came(201, added) => added["id"].as_str().map(str::to_owned),
        Answer::Came(..) | Answer::None => None,
    };
    let done = answered("a device", &answer);
    match id {
        Some(id) => {
            let device = Device {
                labels: vec![label],
                may_be_gone: false,
            };
            person.devices.insert(id, device);
        }
        None => person.perhaps = Some(label),
    }
    done
}

/// Of 32 bytes (RFC 4648, section 4).
fn base_64(bytes: &[u8; 32]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let word = three
            .iter()
            .enumerate()
            .fold(0, |word, (at, byte)| word | u32::from(*byte) << (16 - 8 * at));
        for digit in 0..=three.len() {
            text.push(char::from(DIGITS[(word >> (18 - 6 * digit) & 63) as usize]));
        }
    }
    text + "="
}

/// Signs in; the token, or nothing when there is no such person.
fn sign_in(person: &Person) -> Option<String> {
    let body = json!({"email": person.email, "password": PASSWORD, "label": "again", "scopes": SCOPES});
    match ask("POST", "/tokens", None, Some(&body)) {
        Answer::Came(201, made) => Some(made["token"].as_str().expect("the whole answer came").to_owned()),
        Answer::Came(401, _) => None,
        Answer::Came(status, problem) => panic!("{}: {status} {problem}", person.email),
        Answer::None => panic!("nobody answers"),
    }
}

impl Person {
    /// Compares what is there with what was acknowledged, and takes over what was not.
    pub(crate) fn look(&mut self, by_password: bool) {
        if self.presence == Presence::Gone && self.token.is_none() && !by_password {
            return;
        }
        if by_password || self.token.is_none() {
            let token = sign_in(self);
            match self.presence {
                Presence::Here => assert!(token.is_some(), "{} joined, and cannot sign in", self.email),
                Presence::Gone => assert!(token.is_none(), "{} was erased, and signs in", self.email),
                Presence::HereOrGone => {}
            }
            self.token = self.token.take().or(token);
        }
        let Some(token) = self.token.as_deref() else {
            self.presence = Presence::Gone;
            return;
        };
        match ask("GET", "/devices", Some(token), None) {
            Answer::Came(200, list) => {
                assert!(
                    self.presence != Presence::Gone,
                    "{} was erased, and is there",
                    self.email
                );
                self.presence = Presence::Here;
                self.compare(&list);
            }
            Answer::Came(401, problem) => {
                assert!(self.presence != Presence::Here, "{} is lost: {problem}", self.email);
                self.presence = Presence::Gone;
            }
            Answer::Came(status, problem) => panic!("{}: {status} {problem}", self.email),
            Answer::None => panic!("nobody answers"),
        }
    }

    fn compare(&mut self, list: &Value) {
        let listed = list["devices"].as_array().expect("a list");
        let text = |device: &Value, name: &str| device[name].as_str().expect("devices have it").to_owned();
        let found: BTreeMap<String, String> = listed
            .iter()
            .map(|device| (text(device, "id"), text(device, "label")))
            .collect();
        let email = &self.email;
        for (id, device) in &self.devices {
            match found.get(id) {
                Some(label) => assert!(
                    device.labels.contains(label),
                    "{email}: {label}, not {:?}",
                    device.labels
                ),
                None => assert!(
                    device.may_be_gone,
                    "{email}: a device that was acknowledged is lost: {:?}",
                    device.labels
                ),
            }
        }
        for (id, label) in &found {
            let is_known = self.devices.contains_key(id) || self.perhaps.as_ref() == Some(label);
            assert!(is_known, "{email}: a device came back: {label}");
        }
        self.perhaps = None;
        let now = |(id, label)| {
            let device = Device {
                labels: vec![label],
                may_be_gone: false,
            };
            (id, device)
        };
        self.devices = found.into_iter().map(now).collect();
    }
}
