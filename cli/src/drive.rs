//! Lets a simulation run, in slices between which one can look at it, and stop it.

use sim_core::Simulation;
use units::SimTime;

use crate::failure::Failure;
use crate::terminal::Progress;
use crate::{bug, interrupt};

/// Events of a slice: a few milliseconds, and few enough records to keep.
const SLICE: u32 = 4_096;

/// Runs everything up to and including `until`; `look` is called between slices and once at the end.
///
/// # Errors
/// What `look` says, or that somebody asked to stop.
pub(crate) fn drive(
    simulation: &mut Simulation,
    seed: u64,
    until: SimTime,
    mut look: impl FnMut(&mut Simulation) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut progress = Progress::new(until);
    loop {
        bug::at(seed, simulation.now(), simulation.events_processed());
        let has_more = slice(simulation, until);
        look(simulation)?;
        interrupt::check()?;
        if !has_more {
            return Ok(());
        }
        progress.show(simulation.now(), simulation.events_processed());
    }
}

/// Whether there is more to do.
fn slice(simulation: &mut Simulation, until: SimTime) -> bool {
    (0..SLICE).all(|_| simulation.step(until).is_some())
}
