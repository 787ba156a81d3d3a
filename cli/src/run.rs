//! `wavetank run`: simulate, tell what happened, and keep it if that is wanted.

use std::path::{Path, PathBuf};
use std::time::Instant;

use scenarios::Scenario;
use sim_core::Simulation;
use units::{SimDuration, SimTime, format_go_duration};

use crate::args::RunArgs;
use crate::drive::drive;
use crate::failure::Failure;
use crate::files::Disk;
use crate::interrupt::Heeded;
use crate::origin::{Origin, end};
use crate::output_dir::OutputDir;
use crate::record_file::RecordFile;
use crate::run_file::RunFile;
use crate::sinks::{Inputs, Sinks};
use crate::telling::{self, Facts};
use crate::terminal::{print, status};
use crate::{bug, choice, determinism};

/// Nodes of `run -f` unless `--nodes` says otherwise.
const NODES: u32 = 3;
/// How long `run -f` lasts unless `--for` says otherwise.
const DURATION: SimDuration = SimDuration::from_secs(600);

/// Runs a scenario, or manifests.
pub(crate) fn run(args: RunArgs) -> Result<(), Failure> {
    let (origin, outputs) = (origin(&args), (args.out.clone(), args.record.clone()));
    let mut scenario = origin.load(&Disk)?;
    scenario.seed = args.seed.unwrap_or(scenario.seed);
    let until = end("--until", args.until, scenario.duration)?;
    bug::at(scenario.seed, SimTime::ZERO, 0);
    if args.check_determinism {
        return determinism::check(scenario.setup(), until);
    }
    simulate(&scenario, origin, until, outputs)
}

fn origin(args: &RunArgs) -> Origin {
    match &args.scenario {
        Some(path) => Origin::Scenario { path: path.clone(), set: args.set.clone() },
        None => Origin::Manifests {
            paths: args.manifests.filename.clone(),
            nodes: args.manifests.nodes.unwrap_or(NODES),
            node_size: args.manifests.node_size.clone(),
            for_nanos: args.manifests.duration.unwrap_or(DURATION).as_nanos(),
        },
    }
}

fn simulate(
    scenario: &Scenario,
    origin: Origin,
    until: SimTime,
    (out, record): (Option<PathBuf>, Option<PathBuf>),
) -> Result<(), Failure> {
    let began = Instant::now();
    let _heeded = Heeded::new();
    let out = out.map(|dir| OutputDir::begin(&dir)).transpose()?;
    let record = record.map(|path| begin_record(&path, out.as_ref())).transpose()?;
    let mut simulation = Simulation::new(scenario.setup());
    let mut sinks = Sinks::begin(&mut simulation, out, record)?;
    drive(&mut simulation, scenario.seed, until, |simulation| sinks.take(simulation))?;
    let span = format_go_duration(until - SimTime::ZERO);
    let events = simulation.events_processed();
    status(
        "Simulated",
        &format!("{span} of virtual time, {events} events, in {:.2}s", began.elapsed().as_secs_f64()),
    );
    let facts = Facts { scenario, origin: &origin, is_kept: sinks.keeps(), until, simulation: &simulation };
    telling::warn_of_unmatched(&facts);
    let (timeline, summary) = (telling::timeline(&sinks.timeline()), telling::summary(&facts));
    let file = RunFile::new(&scenario.name, origin.clone(), scenario.seed, until.as_nanos());
    let inputs = Inputs { file, inputs: scenario.inputs.clone() };
    if let Some(dir) = sinks.finish(simulation, inputs, &summary)? {
        status("Kept", &dir.display().to_string());
        choice::remember(&dir);
    }
    print(&format!("{timeline}\n{summary}"))
}

fn begin_record(
    path: &Path,
    out: Option<&OutputDir>,
) -> Result<(RecordFile, crate::record_file::Sink), Failure> {
    let absolute = std::path::absolute(path).map_err(|error| Failure::write(path, &error))?;
    if out.is_some_and(|out| absolute.starts_with(out.target())) {
        return Err(Failure::advice(
            format!("--record {}: the folder of --out is replaced as a whole", path.display()),
            "name a file beside it",
        ));
    }
    RecordFile::begin(path)
}
