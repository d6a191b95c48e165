//! Each statement of the closed list is shown to both engines by a start under some policy, PostgreSQL's own log says
//! which it was shown, and one that an engine does not understand is a start that is refused.

#[path = "../../store/tests/world/cluster.rs"]
#[allow(dead_code, reason = "the tests of the store use the rest")]
mod cluster;

use std::collections::BTreeSet;
use std::sync::Arc;

use cluster::Cluster;
use plan::{Day, ManualClock, Plan, PurposeId};
use store::{
    Catalogue, Listed, OpenError, Options, Place, ServerUrl, Statement, Store, Touch, WrappingKey, statement_list,
};

/// What every service brings to the store.
const SERVICES: &[Catalogue] = &[account::CATALOGUE];
const DEFAULT: &str = include_str!("../../../policies/default.kdl");
const NO_LOG: &str = include_str!("../../../policies/no-log-vpn.kdl");
/// A field that no profile declares, and the code that exercises it is there.
const WITH_INVITATIONS_USED: (&str, &str) = (
    "collect joined.day tariff suspended.day",
    "collect invitation.used joined.day tariff suspended.day",
);

/// Policies that together declare everything that this program can keep.
fn policies() -> Vec<(&'static str, Plan)> {
    let (found, put) = WITH_INVITATIONS_USED;
    assert!(DEFAULT.contains(found), "the default policy says it in other words now");
    let compile = |name: &'static str, text: &str| {
        let compiled = policy::compile(text, name).unwrap_or_else(|errors| panic!("{name}: {errors}"));
        (name, compiled.plan().clone())
    };
    vec![
        compile("default.kdl", DEFAULT),
        compile("no-log-vpn.kdl", NO_LOG),
        compile("default.kdl with invitation.used", &DEFAULT.replace(found, put)),
    ]
}

/// Two databases that are empty.
struct Databases {
    folder: tempfile::TempDir,
    /// Of a server: the rows' and the keys'.
    names: Option<[String; 2]>,
}

impl Databases {
    fn in_files() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        Self { folder, names: None }
    }

    fn on(cluster: &Cluster) -> Self {
        Self {
            names: Some([cluster.new_database(), cluster.new_database()]),
            ..Self::in_files()
        }
    }

    fn place(&self, cluster: &Cluster) -> Place {
        let Some([rows, keys]) = &self.names else {
            return Place::Folder(self.folder.path().to_owned());
        };
        let url = |name: &String| ServerUrl::parse(&cluster.url(name)).expect("the test's URL is one");
        Place::Servers {
            rows: url(rows),
            keys: url(keys),
        }
    }
}

async fn open(place: Place, plan: &Plan, catalogues: &[Catalogue]) -> Result<Store, OpenError> {
    Store::open(Options {
        place,
        wrapping: WrappingKey::from_bytes(&mut [7; 32]),
        plan: Arc::new(plan.clone()),
        catalogues: catalogues.to_vec(),
        clock: Arc::new(ManualClock::new(Day::from_number(20_780).start())),
        erase_leftovers: false,
    })
    .await
}

/// A server that writes down each statement that it is asked to understand, after the name of the database.
fn talkative() -> Cluster {
    let cluster = Cluster::start();
    for setting in ["log_min_duration_statement = 0", "log_line_prefix = '%d|'"] {
        cluster.sql("postgres", &format!("ALTER SYSTEM SET {setting}"));
    }
    cluster.sql("postgres", "SELECT pg_reload_conf()");
    let began = std::time::Instant::now();
    while cluster.sql("postgres", "SHOW log_min_duration_statement").trim() != "0" {
        assert!(began.elapsed().as_secs() < 60, "the server does not take its settings");
    }
    cluster
}

/// What a server was asked to understand, in a database: `d0|LOG:  duration: 0.1 ms  parse sqlx_s_1: SELECT …`.
fn understood(log: &str, database: &str) -> BTreeSet<String> {
    let lines = log
        .lines()
        .filter_map(|line| line.strip_prefix(&format!("{database}|")));
    let texts = lines.filter_map(|line| line.split_once("  parse ")?.1.split_once(": "));
    texts.map(|(_, text)| text.to_owned()).collect()
}

#[tokio::test]
async fn every_statement_of_the_closed_list_is_prepared_by_both_engines_under_some_policy() {
    let cluster = talkative();
    let list = statement_list(SERVICES);
    let mut shown: BTreeSet<&str> = BTreeSet::new();
    for (name, plan) in policies() {
        let (files, server) = (Databases::in_files(), Databases::on(&cluster));
        for databases in [&files, &server] {
            let store = open(databases.place(&cluster), &plan, SERVICES).await;
            store.unwrap_or_else(|error| panic!("{name}: {error}")).close().await;
        }
        let log = cluster.log();
        let [rows, keys] = server
            .names
            .as_ref()
            .map(|names| names.each_ref().map(|name| understood(&log, name)))
            .expect("it has names");
        let is_shown = |listed: &&Listed| match listed.file {
            "candor.db" => rows.contains(listed.sql),
            "keys.db" => keys.contains(listed.sql),
            other => panic!("{other} is a file of the store"),
        };
        let (prepared, others): (Vec<&Listed>, Vec<&Listed>) = list.iter().partition(is_shown);
        let missing: Vec<&str> = others
            .iter()
            .filter(|listed| listed.is_available(&plan))
            .map(|listed| listed.name.as_str())
            .collect();
        assert!(
            missing.is_empty(),
            "{name} makes these available, and PostgreSQL was not shown them: {missing:#?}"
        );
        shown.extend(prepared.iter().map(|listed| listed.name.as_str()));
    }
    let all: BTreeSet<&str> = list.iter().map(|listed| listed.name.as_str()).collect();
    let never: Vec<&&str> = all.difference(&shown).collect();
    assert!(
        never.is_empty(),
        "no policy here makes these available, so no engine has seen them: {never:#?}"
    );
}

const MEMBER: &[Touch] = &[Touch {
    table: "member",
    columns: None,
}];

/// Each is understood by one of the engines alone.
static PLANTED: [Statement; 2] = [
    Statement {
        name: "planted.for_postgres",
        sql: "SELECT member::bytea FROM member",
        touches: MEMBER,
        purpose: PurposeId::Account,
    },
    Statement {
        name: "planted.for_sqlite",
        sql: "SELECT total(1) FROM member NOT INDEXED",
        touches: MEMBER,
        purpose: PurposeId::Account,
    },
];

#[tokio::test]
async fn a_statement_that_an_engine_does_not_understand_is_found_at_the_start() {
    let cluster = Cluster::shared();
    let (_, plan) = policies().swap_remove(0);
    for (databases, wrong) in [(Databases::in_files(), 0), (Databases::on(cluster), 1)] {
        let planted = Catalogue {
            tables: &[],
            statements: std::slice::from_ref(&PLANTED[wrong]),
        };
        let refused = open(databases.place(cluster), &plan, &[account::CATALOGUE, planted]).await;
        let refused = refused.err().expect("the engine does not understand it");
        assert!(
            matches!(&refused, OpenError::Statement { name, .. } if name == PLANTED[wrong].name),
            "{refused}"
        );
    }
}
