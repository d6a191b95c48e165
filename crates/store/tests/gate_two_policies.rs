//! One small service under opposite policies: the whole way of a datum, from a form to a page, an export and an erasure.
//! What a policy does not declare has no table, no permit and no line on the page, and the service's code is the same.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic, as tests do")]

use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Form, Path as UrlPath, State};
use axum::http::{Request, StatusCode};
use axum::response::Html;
use axum::routing::{get, post};
use plan::act::{Keep, Show};
use plan::field::{AccessIp, AccessTime, Nickname, UsageBytes, UsageDay};
use plan::{Day, ManualClock, MemberId, Permit, Personal, Plan, PurposeId, Shown, SubjectId, Timestamp, VisitId};
use store::{
    Catalogue, Options, Origin, Row as _, Rows, Select, SelectStatement, Statement, Store, StoreError, Subject, Text,
    Touch, WrappingKey, whole_rows,
};
use tower::ServiceExt as _;

// The service: two tables and one statement, whatever the policy. ----------------------------------------------------

store::table! {
    /// How much you used on each day.
    pub(crate) struct Usage in "usage" {
        /// Whose.
        owner member: MemberId,
        /// The day.
        plain("a counter is added to in place") day: UsageDay,
        /// The bytes.
        plain("a counter is added to in place") bytes: UsageBytes,
    }
    primary key (member, day);
    expires;
}

store::table! {
    /// Visits to the site, linked to no account.
    pub(crate) struct Visit in "visit" {
        /// Which.
        key id: VisitId,
        /// The day that it belongs to.
        owner day: SubjectId,
        /// When.
        sealed time: AccessTime,
        /// From where.
        matched address: AccessIp,
    }
    primary key (id);
    expires;
}

const USAGE_OF_SQL: Text = whole_rows::<Usage>("WHERE member = $1 AND expires_at > $2 ORDER BY day");
const USAGE_OF: SelectStatement<(MemberId, Timestamp), Usage> = SelectStatement::new(Statement {
    name: "usage.of_member",
    sql: USAGE_OF_SQL.as_str(),
    touches: &[Touch {
        table: "usage",
        columns: None,
    }],
    purpose: PurposeId::Billing,
});

const CATALOGUE: Catalogue = Catalogue {
    tables: &[Usage::TABLE, Visit::TABLE],
    statements: &[USAGE_OF.statement],
};

/// What this policy lets the service do. Made once, at the start; a part that is not declared is not there.
struct Site {
    store: Store,
    nickname: Option<NicknamePermits>,
    usage: Option<UsageBook>,
    visits: Option<Rows<Visit>>,
}

struct NicknamePermits {
    keep: Permit<Nickname, Keep>,
    show: Permit<Nickname, Show>,
}

struct UsageBook {
    rows: Rows<Usage>,
    of_member: Select<(MemberId, Timestamp), Usage>,
    show_day: Permit<UsageDay, Show>,
    show_bytes: Permit<UsageBytes, Show>,
}

impl Site {
    fn new(store: Store) -> Self {
        let plan = store.plan();
        Self {
            nickname: NicknamePermits::of(plan),
            usage: UsageBook::of(&store),
            visits: store.rows(),
            store,
        }
    }

    async fn log_visit(&self, address: IpAddr) -> Result<(), StoreError> {
        let Some(visits) = &self.visits else { return Ok(()) };
        let today = self.store.day_subject(self.store.now().day()).await?;
        let visit = Visit {
            id: VisitId::from_bytes(self.store.random()),
            day: today.id(),
            time: Personal::new(self.store.now()),
            address: Personal::new(address),
        };
        self.store.commit(vec![visits.insert(&today, &visit)?]).await?;
        Ok(())
    }

    async fn nickname(&self, subject: &Subject) -> Result<Option<Shown>, StoreError> {
        let Some(permits) = &self.nickname else { return Ok(None) };
        let held = self.store.held().read::<Nickname>(subject).await?;
        Ok(held.map(|held| held.value.show(&permits.show)))
    }

    async fn usage(&self, member: MemberId) -> Result<Vec<(Shown, Shown)>, StoreError> {
        let Some(book) = &self.usage else { return Ok(Vec::new()) };
        let days = self
            .store
            .read_rows(&book.of_member, (member, self.store.now()))
            .await?;
        let shown = |row: &Usage| (row.day.show(&book.show_day), row.bytes.show(&book.show_bytes));
        Ok(days.iter().map(shown).collect())
    }
}

impl NicknamePermits {
    fn of(plan: &Plan) -> Option<Self> {
        Some(Self {
            keep: plan.permit().ok()?,
            show: plan.permit().ok()?,
        })
    }
}

impl UsageBook {
    fn of(store: &Store) -> Option<Self> {
        Some(Self {
            rows: store.rows()?,
            of_member: store.select(&USAGE_OF)?,
            show_day: store.plan().permit().ok()?,
            show_bytes: store.plan().permit().ok()?,
        })
    }
}

// The pages. ---------------------------------------------------------------------------------------------------------

#[derive(Template)]
#[template(
    ext = "html",
    source = "<h1>You</h1>\
        {% if let Some(nickname) = nickname %}<p>Nickname: {{ nickname }}</p>{% endif %}\
        {% for (day, bytes) in usage %}<p>{{ day }}: {{ bytes }} bytes</p>{% endfor %}"
)]
struct You {
    nickname: Option<Shown>,
    usage: Vec<(Shown, Shown)>,
}

#[derive(Template)]
#[template(
    ext = "html",
    source = "{% for table in export.tables %}<h2>{{ table.about }}</h2>{% for row in table.rows %}\
        {% for column in row.columns %}<p>{{ column.field.words() }}: \
        {% if let Some(value) = column.value %}{{ value }}{% else %}held, not shown{% endif %}</p>{% endfor %}\
        <p>{{ row.origin.words() }}</p>{% endfor %}{% endfor %}"
)]
struct Exported {
    export: store::Export,
}

type Page = Result<Html<String>, StatusCode>;

fn router(site: Site) -> Router {
    Router::new()
        .route("/you/{member}", get(you))
        .route("/you/{member}/nickname", post(choose_nickname))
        .route("/you/{member}/export", get(export))
        .route("/you/{member}/erase", post(erase))
        .with_state(Arc::new(site))
}

async fn you(State(site): State<Arc<Site>>, UrlPath(member): UrlPath<String>) -> Page {
    let member = member_of(&member)?;
    let subject = site.store.subject(member).await.map_err(status)?;
    site.log_visit("2001:db8::5".parse().expect("this is an address"))
        .await
        .map_err(status)?;
    let nickname = site.nickname(&subject).await.map_err(status)?;
    let usage = site.usage(member).await.map_err(status)?;
    page(&You { nickname, usage })
}

#[derive(serde::Deserialize)]
struct NicknameForm {
    nickname: String,
}

async fn choose_nickname(
    State(site): State<Arc<Site>>,
    UrlPath(member): UrlPath<String>,
    Form(form): Form<NicknameForm>,
) -> Result<StatusCode, StatusCode> {
    // No permit, no nickname: the policy holds none.
    let permits = site.nickname.as_ref().ok_or(StatusCode::NOT_FOUND)?;
    let subject = site.store.subject(member_of(&member)?).await.map_err(status)?;
    let nickname = Personal::<Nickname>::new(form.nickname);
    let ops = site
        .store
        .held()
        .put_found(&permits.keep, &subject, &nickname, Origin::Person);
    site.store.commit(ops).await.map_err(status)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn export(State(site): State<Arc<Site>>, UrlPath(member): UrlPath<String>) -> Page {
    let export = site.store.export(member_of(&member)?).await.map_err(status)?;
    page(&Exported { export })
}

async fn erase(State(site): State<Arc<Site>>, UrlPath(member): UrlPath<String>) -> Result<String, StatusCode> {
    let certificate = site.store.erase(member_of(&member)?).await.map_err(status)?;
    Ok(certificate.text)
}

fn page(template: &impl Template) -> Page {
    template
        .render()
        .map(Html)
        .map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)
}

fn member_of(text: &str) -> Result<MemberId, StatusCode> {
    text.parse().map_err(|_| StatusCode::NOT_FOUND)
}

fn status(error: StoreError) -> StatusCode {
    match error {
        StoreError::NoSuchSubject => StatusCode::NOT_FOUND,
        StoreError::Taken => StatusCode::CONFLICT,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

// The policies. ------------------------------------------------------------------------------------------------------

const NO_LOG_VPN: &str = include_str!("../../../policies/no-log-vpn.kdl");
const FORUM: &str = include_str!("../../../policies/examples/forum.kdl");
/// Keeps one number for each account and day, and nothing else: no nickname, no log of visits.
const ONLY_USAGE: &str = r#"
policy only-usage schema=1 version="1" date="2026-11-22" {
  controller "Harbour Lane Co-operative" contact="privacy@harbourlane.example"
  surfaces tunnel account
  audience everyone
  rights within="30d"
  changes effective=on-posting
  collect usage.day usage.bytes surface=tunnel grain="account*day" { for billing; keep "395d"; }
}"#;

const TODAY: Day = Day::from_number(20_779);

async fn site_under(policy: &str, folder: &Path) -> Site {
    let compiled = policy::compile(policy, "policy.kdl").unwrap();
    let options = Options {
        place: folder.to_owned().into(),
        wrapping: WrappingKey::from_bytes(&mut [7; 32]),
        plan: Arc::new(compiled.plan().clone()),
        catalogues: vec![CATALOGUE],
        clock: Arc::new(ManualClock::new(TODAY.start())),
        erase_leftovers: false,
    };
    Site::new(Store::open(options).await.unwrap())
}

/// A member, with usage where the policy lets it be counted.
async fn member_with_usage(site: &Site) -> MemberId {
    let subject = site.store.create_subject().await.unwrap();
    let member = MemberId::from_bytes(*subject.id().as_bytes());
    if let Some(usage) = &site.usage {
        let row = Usage {
            member,
            day: Personal::new(TODAY),
            bytes: Personal::new(123_456_789),
        };
        site.store
            .commit(vec![usage.rows.insert(&subject, &row).unwrap()])
            .await
            .unwrap();
    }
    member
}

async fn ask(router: &Router, method: &str, path: &str, body: &str) -> (StatusCode, String) {
    let request = Request::builder().method(method).uri(path);
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    let answer = router
        .clone()
        .oneshot(request.body(Body::from(body.to_owned())).unwrap())
        .await
        .unwrap();
    let status = answer.status();
    let body = to_bytes(answer.into_body(), 1 << 20).await.unwrap();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

/// The names of the tables that the file really has.
async fn tables_in(folder: &Path) -> Vec<String> {
    use sqlx::{Connection as _, Row as _};
    let url = format!("sqlite://{}", folder.join("candor.db").display());
    let mut raw = sqlx::SqliteConnection::connect(&url).await.unwrap();
    let rows = sqlx::query("SELECT name FROM sqlite_schema WHERE type = 'table'")
        .fetch_all(&mut raw)
        .await
        .unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

// What follows from them. --------------------------------------------------------------------------------------------

#[tokio::test]
async fn the_vpn_counts_usage_and_the_forum_has_no_table_for_it() {
    let (vpn_folder, forum_folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let vpn = site_under(NO_LOG_VPN, vpn_folder.path()).await;
    let forum = site_under(FORUM, forum_folder.path()).await;

    assert!(vpn.store.rows::<Usage>().is_some());
    assert!(vpn.store.select(&USAGE_OF).is_some());
    assert!(tables_in(vpn_folder.path()).await.contains(&"usage".to_owned()));

    assert!(forum.store.rows::<Usage>().is_none());
    assert!(forum.store.select(&USAGE_OF).is_none());
    assert!(!tables_in(forum_folder.path()).await.contains(&"usage".to_owned()));
    assert!(tables_in(forum_folder.path()).await.contains(&"visit".to_owned()));
}

#[tokio::test]
async fn a_datum_goes_from_the_form_to_the_page_to_the_export_and_is_gone_after_the_erasure() {
    let folder = tempfile::tempdir().unwrap();
    let site = site_under(NO_LOG_VPN, folder.path()).await;
    let member = member_with_usage(&site).await;
    let router = router(site);
    let you = format!("/you/{member}");

    let (status, _) = ask(&router, "POST", &format!("{you}/nickname"), "nickname=Ada+%26+Co").await;
    assert_eq!(status, StatusCode::NO_CONTENT);

    let (_, page) = ask(&router, "GET", &you, "").await;
    assert_eq!(
        page,
        "<h1>You</h1><p>Nickname: Ada &#38; Co</p><p>2026-11-22: 123456789 bytes</p>"
    );

    let (_, export) = ask(&router, "GET", &format!("{you}/export"), "").await;
    let expected = "<h2>What you told us.</h2><p>nickname: Ada &#38; Co</p><p>you gave it</p>\
        <h2>How much you used on each day.</h2><p>day of use: 2026-11-22</p><p>bytes moved: 123456789</p>\
        <p>made by using the service</p>";
    assert_eq!(export, expected);

    let (status, certificate) = ask(&router, "POST", &format!("{you}/erase"), "").await;
    assert_eq!(status, StatusCode::OK);
    assert!(store::Certificate::verifies(&certificate), "{certificate}");
    for (method, path) in [("GET", ""), ("GET", "/export"), ("POST", "/erase")] {
        let (status, _) = ask(&router, method, &format!("{you}{path}"), "").await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{method} {path}");
    }
}

#[tokio::test]
async fn the_same_service_under_the_forums_policy_shows_a_nickname_and_no_usage() {
    let folder = tempfile::tempdir().unwrap();
    let site = site_under(FORUM, folder.path()).await;
    let member = member_with_usage(&site).await;
    let router = router(site);
    let (status, _) = ask(&router, "POST", &format!("/you/{member}/nickname"), "nickname=Ada").await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    let (_, page) = ask(&router, "GET", &format!("/you/{member}"), "").await;
    assert_eq!(page, "<h1>You</h1><p>Nickname: Ada</p>");
}

#[tokio::test]
async fn the_same_service_under_a_policy_of_usage_alone_refuses_nicknames_and_logs_no_visit() {
    let folder = tempfile::tempdir().unwrap();
    let site = site_under(ONLY_USAGE, folder.path()).await;
    let member = member_with_usage(&site).await;
    assert!(site.store.rows::<Visit>().is_none());
    let router = router(site);
    let (status, _) = ask(&router, "POST", &format!("/you/{member}/nickname"), "nickname=Ada").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    let (_, page) = ask(&router, "GET", &format!("/you/{member}"), "").await;
    assert_eq!(page, "<h1>You</h1><p>2026-11-22: 123456789 bytes</p>");
    assert!(!tables_in(folder.path()).await.contains(&"visit".to_owned()));
}

// The refusals of the start and of the database; those of the compiler are in `refused/`. -----------------------------

#[tokio::test]
async fn the_start_refuses_permits_and_rows_and_names_the_line_to_add() {
    let folder = tempfile::tempdir().unwrap();
    let forum = site_under(FORUM, folder.path()).await;
    let refused = forum.store.require_rows::<Usage>().err().unwrap();
    assert_eq!(
        refused.to_string(),
        "the policy does not declare that usage.day (day of use) is kept; to keep it, add to the policy: \
         collect usage.day surface=account { for service; keep \"30d\" }"
    );
    let refused = forum.store.plan().permit::<UsageBytes, Keep>().err().unwrap();
    assert!(refused.to_string().contains("collect usage.bytes"), "{refused}");
}

#[tokio::test]
async fn a_field_may_be_used_for_the_declared_purposes_only() {
    let folder = tempfile::tempdir().unwrap();
    let vpn = site_under(NO_LOG_VPN, folder.path()).await;
    assert!(vpn.store.plan().permit::<Nickname, plan::purpose::Support>().is_ok());
    let refused = vpn
        .store
        .plan()
        .permit::<Nickname, plan::purpose::Community>()
        .err()
        .unwrap();
    assert!(refused.to_string().contains("for the purpose community"), "{refused}");
}

#[tokio::test]
async fn the_database_refuses_an_undeclared_field_from_whoever_writes_it() {
    use sqlx::Connection as _;
    let folder = tempfile::tempdir().unwrap();
    let site = site_under(ONLY_USAGE, folder.path()).await;
    let member = member_with_usage(&site).await;
    site.store.close().await;
    // SQLite asks each connection to switch foreign keys on; sqlx does so by default.
    let url = format!("sqlite://{}", folder.path().join("candor.db").display());
    let mut raw = sqlx::SqliteConnection::connect(&url).await.unwrap();
    let put =
        "INSERT INTO held (subject, field, value, origin, collected_at, expires_at) VALUES ($1, $2, x'00', 1, 0, 9)";
    let mut put = async |subject: [u8; 16], field: &'static str| {
        let query = sqlx::query(put).bind(subject.to_vec()).bind(field);
        query.execute(&mut raw).await.map_err(|error| error.to_string())
    };
    let undeclared = put(*member.as_bytes(), "nickname").await.unwrap_err();
    assert!(undeclared.contains("FOREIGN KEY constraint failed"), "{undeclared}");
    let nobody = put([0; 16], "usage.day").await.unwrap_err();
    assert!(nobody.contains("FOREIGN KEY constraint failed"), "{nobody}");
    put(*member.as_bytes(), "usage.day")
        .await
        .expect("a declared field of a person who is here");
    let absent = sqlx::query("INSERT INTO visit (id) VALUES (x'00')")
        .execute(&mut raw)
        .await
        .unwrap_err();
    assert!(absent.to_string().contains("no such table"), "{absent}");
}

#[tokio::test]
async fn a_permit_of_another_policy_does_not_open_this_database() {
    let folder = tempfile::tempdir().unwrap();
    let site = site_under(ONLY_USAGE, folder.path()).await;
    let forum = policy::compile(FORUM, "forum.kdl").unwrap();
    let foreign: Permit<Nickname, Keep> = forum.plan().permit().unwrap();
    let subject = site.store.create_subject().await.unwrap();
    let nickname = Personal::new("Ada".to_owned());
    let op = site.store.held().put(&foreign, &subject, &nickname, Origin::Person);
    assert_eq!(site.store.commit(vec![op]).await, Err(StoreError::RefusedByDatabase));
}
