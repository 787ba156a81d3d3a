//! Recorded real clusters: each scenario is run under eight seeds, and what a client would have watched is compared with
//! what was recorded, observable by observable (see `reports::recording`).
//!
//! `data/recordings.json.gz` holds, by name, the scenario that was run against Kubernetes 1.36.2 and the observables that
//! its repeats agree on.

use api::Kind;
use flate2::read::GzDecoder;
use reports::recording::{Observables, Reference, compare, observe};
use reports::watch_recording::WatchRecording;
use scenarios::files::Memory;
use serde_json::Value;
use sim_core::Simulation;
use std::io::Read;
use units::SimTime;

const SEEDS: std::ops::Range<u64> = 0..8;

fn recorded(name: &str) -> (String, Reference) {
    let compressed = include_bytes!("data/recordings.json.gz");
    let mut text = String::new();
    GzDecoder::new(&compressed[..]).read_to_string(&mut text).expect("the fixture is complete");
    let all: Value = serde_json::from_str(&text).expect("the fixture is JSON");
    let recording = &all[name];
    let scenario = recording["scenario"].as_str().expect("there is a scenario").to_owned();
    let reference = Reference::read(&recording["observables"].to_string()).expect("there are observables");
    (scenario, reference)
}

/// What a client sees that watches every resource while the scenario runs.
fn watched(scenario: &str, seed: u64) -> Observables {
    let files = Memory::default().with("scenario.yaml", scenario);
    let mut scenario = scenarios::load(&files, "scenario.yaml", &[]).expect("the scenario is good");
    scenario.seed = seed;
    let mut simulation = Simulation::new(scenario.setup());
    let mut recording = WatchRecording::new(Vec::new());
    let existing = Kind::ALL.iter().flat_map(|kind| simulation.objects(*kind)).collect::<Vec<_>>();
    existing.iter().try_for_each(|object| recording.existing(object)).expect("memory takes it");
    simulation.run_until(SimTime::ZERO + scenario.duration);
    let records = simulation.take_records();
    records.iter().try_for_each(|record| recording.record(record)).expect("memory takes it");
    let lines = recording.finish().expect("memory takes it");
    observe(&lines[..]).expect("a recording of our own can be read")
}

fn agrees(name: &str) {
    let (scenario, reference) = recorded(name);
    let runs: Vec<Observables> = SEEDS.map(|seed| watched(&scenario, seed)).collect();
    let comparison = compare(&reference, &runs);
    assert!(comparison.passed(), "{name}:\n{comparison}");
}

#[test]
fn deployment_create() {
    agrees("deployment-create");
}

#[test]
fn rolling_update() {
    agrees("rolling-update");
}
