//! Golden hashes: what happens in a scenario does not change unnoticed, and is the same in every build.
//!
//! A commit that changes one says which behaviour it changed. The test is run in debug and in release (see `check`),
//! against the same hashes.

use api::Kind;
use flate2::read::GzDecoder;
use scenarios::files::Memory;
use serde_json::Value;
use sim_core::Simulation;
use std::io::Read;
use units::SimTime;

const GOLDEN: [(&str, u64, &str); 12] = [
    ("deployment-create", 0, "828eb1bf57b2514b0f40b75231d123c1"),
    ("deployment-create", 1, "39e4ca277a6e100b58f02fe16ef01481"),
    ("rolling-update", 0, "e20fdcce0cd4cb69afdd7ef26bff20e3"),
    ("rolling-update", 1, "8a96e1718429408427882676bb30c680"),
    ("scale-up-and-down", 0, "dcad86cf0a01d95e83fc86c70c49701d"),
    ("scale-up-and-down", 1, "5bd4818571f2dd197da7eaac7b856130"),
    ("unschedulable", 0, "9b0f6cae240d0b3816717ed2e925bdf7"),
    ("unschedulable", 1, "9d0d5cff745f795426c43b9c75a684ed"),
    ("recorded/deployment-create", 0, "c0b22c6a9e6079df554e87dd09bd3790"),
    ("recorded/deployment-create", 1, "0d396ce91606761b771aa77f2e7f4c65"),
    ("recorded/rolling-update", 0, "823e84caa7ced01a3e6dc286241fa89f"),
    ("recorded/rolling-update", 1, "1bb27c71b6d866fe99d4c02feaf97fa2"),
];

/// The text of a library scenario, or of a recorded one.
fn text(name: &str) -> String {
    let Some(recorded) = name.strip_prefix("recorded/") else {
        let found = scenarios::library().iter().find(|(known, _)| *known == name);
        return found.unwrap_or_else(|| panic!("the library has {name}")).1.to_owned();
    };
    let compressed = include_bytes!("data/recordings.json.gz");
    let mut text = String::new();
    GzDecoder::new(&compressed[..]).read_to_string(&mut text).expect("the fixture is complete");
    let all: Value = serde_json::from_str(&text).expect("the fixture is JSON");
    all[recorded]["scenario"].as_str().expect("there is a scenario").to_owned()
}

fn hash(name: &str, seed: u64) -> String {
    let files = Memory::default().with("scenario.yaml", text(name));
    let mut scenario = scenarios::load(&files, "scenario.yaml", &[]).expect("the scenario is good");
    scenario.seed = seed;
    let mut simulation = Simulation::new(scenario.setup());
    simulation.run_until(SimTime::ZERO + scenario.duration);
    simulation.journal_hash().to_string()
}

#[test]
fn journals_are_what_they_were() {
    let changed: Vec<String> = GOLDEN
        .iter()
        .map(|(name, seed, golden)| (name, seed, golden, hash(name, *seed)))
        .filter(|(_, _, golden, hash)| *golden != hash)
        .map(|(name, seed, _, hash)| format!("    (\"{name}\", {seed}, \"{hash}\"),"))
        .collect();
    assert!(changed.is_empty(), "another journal than before:\n{}", changed.join("\n"));
}

/// The last step of the scenario deletes its Deployment: the garbage collector takes the rest.
#[test]
fn what_a_deployment_owns_goes_with_it() {
    let files = Memory::default().with("scenario.yaml", text("scale-up-and-down"));
    let scenario = scenarios::load(&files, "scenario.yaml", &[]).expect("the scenario is good");
    let mut simulation = Simulation::new(scenario.setup());
    let mut at = |time| {
        simulation.run_until(time);
        [Kind::Deployment, Kind::ReplicaSet, Kind::Pod].map(|kind| simulation.objects(kind).len())
    };
    assert_eq!(at(SimTime::from_secs(239)), [1, 1, 2]);
    assert_eq!(at(SimTime::ZERO + scenario.duration), [0, 0, 0]);
}

#[test]
fn a_clone_goes_on_like_its_original() {
    let files = Memory::default().with("scenario.yaml", text("rolling-update"));
    let scenario = scenarios::load(&files, "scenario.yaml", &[]).expect("the scenario is good");
    let end = SimTime::ZERO + scenario.duration;
    let mut original = Simulation::new(scenario.setup());
    original.run_until(SimTime::from_secs(70));
    let mut clone = original.clone();
    original.run_until(end);
    clone.run_until(end);
    assert_eq!(
        (original.journal_hash(), original.event_hash(), original.events_processed()),
        (clone.journal_hash(), clone.event_hash(), clone.events_processed())
    );
}
