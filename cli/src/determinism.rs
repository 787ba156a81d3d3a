//! `wavetank run --check-determinism`: one setup twice, side by side.

use sim_core::{Setup, Simulation};
use units::{SimDuration, SimTime, format_go_duration};

use crate::failure::Failure;
use crate::terminal::{Progress, print};
use crate::{bug, interrupt};

/// Events between two looks at the clock on the wall.
const SLICE: u64 = 4_096;

/// What came of it.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    /// So many events, and the hash of both journals.
    Same(u64, String),
    /// The first event that differs, in words.
    Different(String),
}

/// Runs a setup twice and compares the two after every event.
///
/// # Errors
/// The first event that differs is printed, and makes it fail.
pub(crate) fn check(setup: Setup, until: SimTime) -> Result<(), Failure> {
    let seed = setup.seed.0;
    let pair = [Simulation::new(setup.clone()), Simulation::new(setup)];
    let _heeded = interrupt::Heeded::new();
    match compare(pair, seed, until)? {
        Outcome::Same(events, hash) => print(&format!("same {events} events, hash {hash}\n")),
        Outcome::Different(words) => print(&words).and(Err(Failure::Negative)),
    }
}

fn compare(mut pair: [Simulation; 2], seed: u64, until: SimTime) -> Result<Outcome, Failure> {
    for simulation in &mut pair {
        simulation.drop_records();
        simulation.journal().discard_chunks();
    }
    let mut progress = Progress::new(until);
    loop {
        let [first, second] = &mut pair;
        let keys = (first.step(until), second.step(until));
        let events = first.events_processed().max(second.events_processed());
        let is_same = keys.0 == keys.1
            && first.event_hash() == second.event_hash()
            && first.journal_hash() == second.journal_hash();
        if !is_same {
            return Ok(Outcome::Different(difference(events, &keys, &pair)));
        }
        if keys.0.is_none() {
            return Ok(Outcome::Same(events, first.journal_hash().to_string()));
        }
        if events.is_multiple_of(SLICE) {
            bug::at(seed, first.now(), events);
            interrupt::check()?;
            progress.show(first.now(), events);
        }
    }
}

fn difference<K: std::fmt::Debug>(
    number: u64,
    keys: &(Option<K>, Option<K>),
    pair: &[Simulation; 2],
) -> String {
    let one = |name: &str, key: &Option<K>, simulation: &Simulation| {
        let now = format_go_duration(SimDuration::from_nanos(simulation.now().as_nanos()));
        let key = key.as_ref().map_or_else(|| "no event".to_owned(), |key| format!("{key:?}"));
        format!("  {name}: {key} at {now}, hash {}\n", simulation.journal_hash())
    };
    format!(
        "event {number} differs:\n{}{}",
        one("first", &keys.0, &pair[0]),
        one("second", &keys.1, &pair[1])
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::Disk;

    fn simulation(seed: u64) -> Simulation {
        let mut scenario = scenarios::load(&Disk, "@deployment-create", &[]).expect("the library is good");
        scenario.seed = seed;
        Simulation::new(scenario.setup())
    }

    #[test]
    fn a_difference_is_named() {
        let until = SimTime::from_secs(20);
        let same = compare([simulation(1), simulation(1)], 1, until).expect("nobody interrupts");
        assert!(matches!(same, Outcome::Same(events, _) if events > 100), "{same:?}");
        let other = compare([simulation(1), simulation(2)], 1, until).expect("nobody interrupts");
        let Outcome::Different(words) = other else { panic!("{other:?}") };
        assert!(words.starts_with("event ") && words.contains("\n  second: "), "{words}");
    }
}
