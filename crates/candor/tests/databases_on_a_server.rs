//! The running program with its databases on a PostgreSQL server: the whole walk of a member, and the way back to files.

mod world;

#[path = "../../store/tests/world/cluster.rs"]
#[allow(dead_code, reason = "the tests of the store use the rest")]
mod cluster;

use cluster::Cluster;
use world::{Provider, namespace, run, stderr, stdout};

const SMALL: &str = "[site]\nnames = [\"localhost\"]\n[vpn]\nendpoint = \"localhost\"\n";

/// A configuration with two new databases.
fn on_a_server(cluster: &Cluster) -> String {
    let [rows, keys] = [(); 2].map(|()| cluster.url(&cluster.new_database()));
    format!("[store]\nurl = \"{rows}\"\nkeys_url = \"{keys}\"\n{SMALL}")
}

fn sign_in(provider: &Provider) -> String {
    provider.curl(&[
        "--data-urlencode",
        "email=ada@example.org",
        "--data-urlencode",
        "password=three small words",
        "http://localhost:8080/sign-in",
    ])
}

fn page(provider: &Provider, path: &str) -> String {
    let cookie = format!("Cookie: {}", provider.cookie().expect("somebody joined"));
    provider.curl(&["--header", &cookie, &format!("http://localhost:8080{path}")])
}

#[test]
fn a_member_joins_connects_exports_and_goes() {
    let provider = Provider::start(&on_a_server(Cluster::shared()));
    assert!(!provider.data().join("candor.db").exists() && !provider.data().join("keys.db").exists());
    provider.join("ada@example.org", "three small words");
    let add = ["device", "add", "--label", "router", "--email", "ada@example.org"];
    let added = provider.beside(&add, "three small words\n");
    assert!(added.status.success(), "{}", stderr(&added));
    let export = page(&provider, "/me/export");
    assert!(
        export.contains("ada@example.org") && export.contains("router"),
        "{export}"
    );

    // The proof joins, adds a device, sends traffic, waits until it is counted, and erases itself.
    let proof = provider.beside(&["prove"], "");
    let words = stdout(&proof);
    assert!(words.contains("the worker reports counts"), "{words}{}", stderr(&proof));
    assert!(
        words.contains("the erasure certificate's signature fits its text"),
        "{words}"
    );
    assert!(
        words.contains("the database server's files"),
        "what was not searched is said: {words}"
    );

    let (folder, namespace, _) = provider.stop();
    let provider = Provider::start_in(folder, namespace, &[]);
    assert!(sign_in(&provider).contains("__Host-sid="), "a second start finds her");
}

#[test]
fn databases_are_copied_to_a_server_and_back_while_nothing_runs() {
    let cluster = Cluster::shared();
    let provider = Provider::start(SMALL);
    provider.join("ada@example.org", "three small words");
    let [rows, keys] = [(); 2].map(|()| cluster.url(&cluster.new_database()));
    let copy = ["store", "copy", "--to", &rows, "--keys-to", &keys];
    let refused = provider.beside(&copy, "");
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        stderr(&refused).contains("runs on the data folder"),
        "{}",
        stderr(&refused)
    );

    let (folder, namespace, _) = provider.stop();
    let home = folder.path().to_owned();
    let here = |arguments: &[&str]| {
        let data = home.join("candor-data").display().to_string();
        let config = home.join("candor.toml").display().to_string();
        let all: Vec<&str> = arguments
            .iter()
            .copied()
            .chain(["--config", &config, "--data", &data])
            .collect();
        run(&all)
    };
    let copied = here(&copy);
    assert!(copied.status.success(), "{}", stderr(&copied));
    assert!(stdout(&copied).contains("rows were copied"), "{}", stdout(&copied));
    let again = here(&copy);
    assert!(stderr(&again).contains("is not empty"), "{}", stderr(&again));

    for file in ["candor.db", "keys.db"] {
        std::fs::remove_file(home.join("candor-data").join(file)).expect("the files were copied from");
    }
    let config = format!("[store]\nurl = \"{rows}\"\nkeys_url = \"{keys}\"\n{SMALL}");
    std::fs::write(home.join("candor.toml"), config).expect("the folder can be written");
    let provider = Provider::start_in(folder, namespace, &[]);
    assert!(sign_in(&provider).contains("__Host-sid="));
    assert!(provider.said().contains("candor-data"), "{}", provider.said());
    let (folder, namespace, _) = provider.stop();

    let back = home.join("back").display().to_string();
    let copied = here(&["store", "copy", "--to", &back]);
    assert!(copied.status.success(), "{}", stderr(&copied));
    std::fs::copy(home.join("candor-data/wrapping.key"), home.join("back/wrapping.key")).expect("the key is there");
    std::fs::write(home.join("candor.toml"), SMALL).expect("the folder can be written");
    let provider = Provider::start_in(folder, namespace, &["--data", &back]);
    assert!(sign_in(&provider).contains("__Host-sid="), "and back");
}

#[test]
fn a_wrong_server_is_told_and_no_password_is_shown() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let config = folder.path().join("candor.toml");
    let data = folder.path().join("data").display().to_string();
    for (url, words) in [
        ("postgres://ada:s3cret@db.example.org/candor", "sslmode=verify-full"),
        ("postgres://ada:s3cret@localhost:1/candor", "cannot be reached"),
        ("mysql://ada:s3cret@localhost/candor", "postgres://"),
    ] {
        let text = format!("[store]\nurl = \"{url}\"\nkeys_url = \"{url}_keys\"\n{SMALL}");
        std::fs::write(&config, text).expect("the folder can be written");
        let serve = ["serve", "--config", &config.display().to_string(), "--data", &data];
        let refused = namespace().run(|| run(&serve)).expect("the namespace is there");
        let said = stderr(&refused);
        assert_eq!(refused.status.code(), Some(1), "{said}");
        assert!(said.contains(words) && !said.contains("s3cret"), "{url}: {said}");
    }
}

#[test]
fn the_doctor_tells_what_the_servers_log_could_hold_and_the_line_mends_it() {
    let cluster = Cluster::start();
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join("candor.toml"), on_a_server(&cluster)).expect("the folder can be written");
    let namespace = namespace();
    let doctor = || {
        let mut command = std::process::Command::new(world::candor());
        command.arg("doctor").current_dir(folder.path());
        stdout(&namespace.run(|| command.output()).unwrap().unwrap())
    };
    let set = |name: &str, value: &str| {
        cluster.sql("postgres", &format!("ALTER SYSTEM SET {name} = '{value}'"));
        cluster.sql("postgres", "SELECT pg_reload_conf()");
    };
    let until = |is_there: &dyn Fn(&str) -> bool| {
        world::until("the server takes its settings", || is_there(&doctor()));
    };
    // As Debian's server comes: the details of refused rows name ids.
    let text = doctor();
    assert!(text.contains("database server  good     d0 at"), "{text}");
    assert!(
        text.contains("names ids") && text.contains("ALTER SYSTEM SET log_error_verbosity = 'terse'"),
        "{text}"
    );
    assert!(!text.contains("with the values"), "{text}");
    set("log_min_duration_statement", "0");
    until(&|text| {
        text.contains("logs statements with the values")
            && text.contains("ALTER SYSTEM SET log_parameter_max_length = '0'")
    });
    // What the rows say to paste.
    for (name, value) in [
        ("log_parameter_max_length", "0"),
        ("log_min_duration_statement", "-1"),
        ("log_min_error_statement", "panic"),
        ("log_error_verbosity", "terse"),
    ] {
        assert!(
            doctor().contains(&format!("SET {name} = '{value}'")),
            "{name}: {}",
            doctor()
        );
        set(name, value);
        until(&|text| !text.contains(&format!("SET {name} = '{value}'")));
    }
    let text = doctor();
    assert_eq!(
        text.matches("writes down neither values nor statements").count(),
        2,
        "{text}"
    );
    // A value of the user wins over one of the whole server, and is mended there.
    cluster.sql("postgres", "ALTER ROLE candor SET log_statement = 'all'");
    until(&|text| text.contains("ALTER ROLE \"candor\" SET log_statement = '\\''none"));
    cluster.sql("postgres", "ALTER ROLE candor RESET log_statement");
    // A module that is loaded for everybody.
    set("session_preload_libraries", "auto_explain");
    world::until("the module is loaded", || {
        let known = "SELECT count(*) FROM pg_settings WHERE name = 'auto_explain.log_min_duration'";
        cluster.sql("postgres", known).trim() == "1"
    });
    set("auto_explain.log_min_duration", "0");
    until(&|text| text.contains("(auto_explain)"));

    let config = std::fs::read_to_string(folder.path().join("candor.toml")).unwrap();
    std::fs::write(folder.path().join("candor.toml"), config.replace("/d0?", "/nowhere?")).unwrap();
    let text = doctor();
    assert!(
        text.contains("database server  BAD") && text.contains("cannot be asked"),
        "{text}"
    );
}
