//! All objects of a run at one moment: simulated up to it, read from a journal, or from a watch recording.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use api::Kind;
use serde_json::Value;
use sim_core::Simulation;
use units::{Clock, MicroTime, SimDuration, SimTime};

use crate::choice::Run;
use crate::drive::drive;
use crate::failure::Failure;
use crate::files::Disk;
use crate::interrupt::Heeded;
use crate::origin::{Origin, end};
use crate::recorded;
use crate::run_file::RunFile;

/// The journal in the folder of a run.
pub(crate) const JOURNAL: &str = "journal.wavetank";

/// Objects, and what time it is.
#[derive(Debug)]
pub(crate) struct Moment {
    /// Per kind, as `-o json` shows them.
    pub(crate) objects: BTreeMap<Kind, Vec<Value>>,
    /// Virtual time.
    pub(crate) at: SimTime,
    /// What the clock of the cluster said at t = 0.
    pub(crate) start: MicroTime,
}

impl Moment {
    /// What the clock of the cluster says after `time`.
    pub(crate) fn clock_at(&self, time: SimTime) -> MicroTime {
        MicroTime(self.start.0.saturating_add(time.as_nanos() / 1_000))
    }
}

/// The objects of these kinds at `at`, or at the end.
///
/// # Errors
/// The run cannot be read or simulated, or ends earlier.
pub(crate) fn moment(
    run: &Run,
    kinds: &[Kind],
    at: Option<SimDuration>,
    seed: Option<u64>,
) -> Result<Moment, Failure> {
    if let (Some(seed), false) = (seed, matches!(run, Run::Scenario(_))) {
        let message = format!("--seed {seed}: this run is read, not simulated");
        return Err(Failure::advice(message, "name a scenario with --run, or leave --seed out"));
    }
    match run {
        Run::Scenario(path) => simulated(path, kinds, at, seed),
        Run::Finished(dir) => finished(dir, kinds, at),
        Run::Recording(path) => recorded::moment(path, kinds, at),
    }
}

fn simulated(
    path: &str,
    kinds: &[Kind],
    at: Option<SimDuration>,
    seed: Option<u64>,
) -> Result<Moment, Failure> {
    let mut scenario = Origin::Scenario { path: path.to_owned(), set: Vec::new() }.load(&Disk)?;
    scenario.seed = seed.unwrap_or(scenario.seed);
    let at = end("--at", at, scenario.duration)?;
    let seed = scenario.seed;
    let mut simulation = Simulation::new(scenario.setup());
    simulation.drop_records();
    simulation.journal().discard_chunks();
    let _heeded = Heeded::new();
    drive(&mut simulation, seed, at, |_| Ok(()))?;
    let shown = |kind: Kind| simulation.objects(kind).iter().map(api::Object::to_json).collect();
    let objects = kinds.iter().map(|kind| (*kind, shown(*kind))).collect();
    Ok(Moment { objects, at, start: start(simulation.clock()) })
}

fn finished(dir: &Path, kinds: &[Kind], at: Option<SimDuration>) -> Result<Moment, Failure> {
    let file = RunFile::read(dir)?;
    let at = end("--at", at, SimDuration::from_nanos(file.until_nanos))?;
    let path = dir.join(JOURNAL);
    let unreadable = |error: journal::ReadError| Failure::usage(format!("{}: {error}", path.display()));
    let source = File::open(&path).map_err(|error| Failure::read(&path, &error))?;
    let mut reader = journal::Reader::open(BufReader::new(source)).map_err(unreadable)?;
    let state = reader.state_at(at).map_err(unreadable)?;
    let mut objects: BTreeMap<Kind, Vec<Value>> = BTreeMap::new();
    for ((kind, _), object) in &state.objects {
        if kinds.contains(kind) {
            objects.entry(*kind).or_default().push(object.to_json());
        }
    }
    Ok(Moment { objects, at, start: start(reader.header().clock) })
}

fn start(clock: Clock) -> MicroTime {
    clock.micro_time(SimTime::ZERO)
}
