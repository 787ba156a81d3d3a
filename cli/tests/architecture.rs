//! The arrows of ARCHITECTURE.md against what Cargo builds.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

type Arrows = BTreeMap<String, BTreeSet<String>>;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate lies in the workspace")
}

/// The block of ARCHITECTURE.md that starts with ```arrows: `room: rooms it imports`.
fn drawn() -> Arrows {
    let text = std::fs::read_to_string(root().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md is there");
    let block = text.split("```arrows\n").nth(1).and_then(|rest| rest.split("```").next());
    let lines = block.expect("ARCHITECTURE.md has a block of arrows").lines();
    let arrow = |line: &str| {
        let (room, imports) = line.split_once(':').unwrap_or_else(|| panic!("no arrow: {line}"));
        (room.trim().to_owned(), imports.split_whitespace().map(str::to_owned).collect())
    };
    lines.map(arrow).collect()
}

/// What the crates of the workspace import of each other; dependencies of tests are left out.
fn built() -> Arrows {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo metadata is JSON");
    let packages = metadata["packages"].as_array().expect("there are packages");
    let name = |package: &Value| package["name"].as_str().unwrap_or_default().to_owned();
    let rooms: BTreeSet<String> = packages.iter().map(name).collect();
    let imports = |package: &Value| -> BTreeSet<String> {
        let dependencies = package["dependencies"].as_array().into_iter().flatten();
        dependencies.filter(|d| d["kind"].is_null()).map(name).filter(|d| rooms.contains(d)).collect()
    };
    packages.iter().map(|package| (name(package), imports(package))).collect()
}

#[test]
fn every_arrow_that_is_built_is_drawn() {
    let (drawn, built) = (drawn(), built());
    for (room, imports) in &built {
        let allowed = drawn.get(room).unwrap_or_else(|| panic!("ARCHITECTURE.md does not draw {room}"));
        let forbidden: Vec<_> = imports.difference(allowed).collect();
        assert!(forbidden.is_empty(), "{room} must not import {forbidden:?}");
    }
    let missing: Vec<_> = drawn.keys().filter(|room| !built.contains_key(*room)).collect();
    assert!(missing.is_empty(), "drawn, but not there: {missing:?}");
}

#[test]
fn no_component_sees_another() {
    let components =
        ["kube-scheduler", "kube-controller-manager", "kubelet", "kubectl", "apiserver", "machine"];
    for (room, imports) in built() {
        if components.contains(&room.as_str()) {
            let seen: Vec<_> = components.iter().filter(|c| imports.contains(**c)).collect();
            assert!(seen.is_empty(), "{room} sees {seen:?}");
            assert!(!imports.contains("engine"), "{room} sees the engine");
        }
    }
}
