//! The source tree and cargo's view of it, for the tests that read both.

#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "each test binary uses a part, and a test may stop"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// The root of the source tree.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

/// A file of the tree as text.
pub(crate) fn read(file: &str) -> String {
    let path = root().join(file);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every Rust file below `crates/`, as (path from the root, text), in order. Fuzz targets are not part of it.
pub(crate) fn rust_files() -> Vec<(String, String)> {
    let root = root();
    let mut files = Vec::new();
    let mut folders = vec![root.join("crates")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                if !path.ends_with("fuzz") && !path.ends_with("target") {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(&root).unwrap().display().to_string();
                files.push((name, std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    files.sort();
    files
}

/// One package as cargo resolved it.
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) licence: Option<String>,
    pub(crate) source: Option<String>,
    /// Direct dependencies as its manifest names them: name, kind (`normal`, `dev`, `build`), features.
    pub(crate) declared: Vec<(String, String, BTreeSet<String>)>,
    /// The ids of its direct dependencies as resolved for this machine, those of tests included.
    pub(crate) resolved: Vec<String>,
}

/// What cargo resolved, by package id.
pub(crate) struct Metadata {
    pub(crate) packages: BTreeMap<String, Package>,
    pub(crate) members: BTreeSet<String>,
}

impl Metadata {
    /// Asks cargo, for the platform that tests run on.
    pub(crate) fn read() -> Self {
        let output = Command::new(env!("CARGO"))
            .args([
                "metadata",
                "--format-version=1",
                "--locked",
                "--filter-platform=x86_64-unknown-linux-gnu",
            ])
            .current_dir(root())
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "cargo metadata: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        let json: Value = serde_json::from_slice(&output.stdout).unwrap();
        let mut packages = BTreeMap::new();
        for package in array(&json["packages"]) {
            let kind = |dependency: &Value| dependency["kind"].as_str().unwrap_or("normal").to_owned();
            let declared = array(&package["dependencies"]).iter().map(|dependency| {
                (
                    text(&dependency["name"]),
                    kind(dependency),
                    array(&dependency["features"]).iter().map(text).collect(),
                )
            });
            packages.insert(
                text(&package["id"]),
                Package {
                    name: text(&package["name"]),
                    version: text(&package["version"]),
                    licence: package["license"].as_str().map(str::to_owned),
                    source: package["source"].as_str().map(str::to_owned),
                    declared: declared.collect(),
                    resolved: Vec::new(),
                },
            );
        }
        let mut reached = BTreeSet::new();
        for node in array(&json["resolve"]["nodes"]) {
            let id = text(&node["id"]);
            let package = packages.get_mut(&id).unwrap();
            package.resolved = array(&node["deps"])
                .iter()
                .map(|dependency| text(&dependency["pkg"]))
                .collect();
            reached.insert(id);
        }
        // Packages for other platforms are in the list and in no graph.
        packages.retain(|id, _| reached.contains(id));
        let members = array(&json["workspace_members"]).iter().map(text).collect();
        Self { packages, members }
    }

    /// A crate of ours.
    pub(crate) fn member(&self, name: &str) -> &Package {
        let id = self.members.iter().find(|id| self.packages[*id].name == name);
        &self.packages[id.unwrap_or_else(|| panic!("there is no crate {name}"))]
    }

    /// Our crates, by name.
    pub(crate) fn member_names(&self) -> BTreeSet<String> {
        self.members.iter().map(|id| self.packages[id].name.clone()).collect()
    }

    /// The names of everything that a crate of ours is built from, tests apart.
    ///
    /// Asked of `cargo tree`: what `cargo metadata` resolves also has dependencies that a weak feature names and
    /// nothing switches on.
    pub(crate) fn shipped_with(&self, name: &str) -> BTreeSet<String> {
        assert!(self.member_names().contains(name), "there is no crate {name}");
        let output = Command::new(env!("CARGO"))
            .args([
                "tree",
                "--locked",
                "--package",
                name,
                "--edges=normal,build",
                "--prefix=none",
                "--format={p}",
            ])
            .args(["--target=x86_64-unknown-linux-gnu"])
            .current_dir(root())
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "cargo tree: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        let lines = String::from_utf8(output.stdout).unwrap();
        let names: BTreeSet<String> = lines
            .lines()
            .filter_map(|line| line.split_whitespace().next())
            .map(str::to_owned)
            .collect();
        assert!(names.contains(name), "cargo tree names {name} itself");
        names
    }
}

fn array(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}
