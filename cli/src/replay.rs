//! `wavetank replay`: the inputs of a finished run once more.

use sim_core::Simulation;
use units::SimTime;

use crate::args::ReplayArgs;
use crate::drive::drive;
use crate::failure::Failure;
use crate::interrupt::Heeded;
use crate::run_file::RunFile;
use crate::terminal::{Level, complain, print};

/// Runs it and compares the hash of the journal.
pub(crate) fn replay(args: &ReplayArgs) -> Result<(), Failure> {
    let file = RunFile::read(&args.dir)?;
    let inputs = file.inputs(&args.dir)?;
    let mut scenario = file.origin.load(&inputs)?;
    scenario.seed = file.seed;
    let mut simulation = Simulation::new(scenario.setup());
    simulation.drop_records();
    simulation.journal().discard_chunks();
    let _heeded = Heeded::new();
    drive(&mut simulation, file.seed, SimTime::from_nanos(file.until_nanos), |_| Ok(()))?;
    let (hash, events) = (simulation.journal_hash().to_string(), simulation.events_processed());
    if hash == file.hash {
        return print(&format!("same: {events} events, hash {hash}\n"));
    }
    let version = env!("CARGO_PKG_VERSION");
    let why = (file.version != version).then(|| {
        format!("{} was written by version {}, this is {version}", args.dir.display(), file.version)
    });
    complain(Level::Error, "the run went another way", why.as_deref());
    print(&format!(
        "different: hash {hash}, {events} events; it was {}, {} events\n",
        file.hash, file.events
    ))?;
    Err(Failure::Negative)
}
