//! Our own bugs: the seed is told, so that the run can be had again, and the exit status is 101.

use std::any::Any;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind, set_hook};
use std::sync::Mutex;

use units::{SimDuration, SimTime, format_go_duration};

use crate::terminal::tell;

/// The exit status of a panic in Rust.
pub(crate) const STATUS: u8 = 101;

/// Where the run is.
#[derive(Clone, Copy)]
struct Place {
    seed: u64,
    now: SimTime,
    events: u64,
}

static PLACE: Mutex<Option<Place>> = Mutex::new(None);

/// Remembers where a run is.
pub(crate) fn at(seed: u64, now: SimTime, events: u64) {
    if let Ok(mut place) = PLACE.lock() {
        *place = Some(Place { seed, now, events });
    }
}

/// From now on a panic is told in our words.
pub(crate) fn install() {
    set_hook(Box::new(|info| tell(&report(info))));
}

/// Runs `act`; what it was doing is dropped if it panics, so that nothing half written is left.
pub(crate) fn guarded<T>(act: impl FnOnce() -> T) -> Result<T, Box<dyn Any + Send>> {
    catch_unwind(AssertUnwindSafe(act))
}

fn report(info: &PanicHookInfo<'_>) -> String {
    let message = info.payload_as_str().unwrap_or("no message");
    let location = info.location().map(|at| format!(" ({}:{})", at.file(), at.line())).unwrap_or_default();
    text(&format!("{message}{location}"), PLACE.lock().ok().and_then(|place| *place))
}

fn text(message: &str, place: Option<Place>) -> String {
    let place = place.map(|Place { seed, now, events }| {
        let now = format_go_duration(SimDuration::from_nanos(now.as_nanos()));
        format!("  seed {seed}, after virtual time {now} and event {events}\n")
    });
    format!(
        "wavetank: this is a bug of wavetank, version {}\n  {message}\n{}  the same command with the same seed shows it \
         again; please report it with its input files\n",
        env!("CARGO_PKG_VERSION"),
        place.unwrap_or_default()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seed_is_told() {
        let place = Place { seed: 42, now: SimTime::from_millis(90_500), events: 7 };
        let text = text("two pods have one address (a.rs:1)", Some(place));
        for part in
            ["two pods have one address (a.rs:1)\n", "seed 42, after virtual time 1m30.5s and event 7\n"]
        {
            assert!(text.contains(part), "{text}");
        }
    }

    #[test]
    fn what_panics_is_caught() {
        assert_eq!(guarded(|| 3).ok(), Some(3));
        assert!(guarded(|| assert_eq!(1 + 1, 3, "arithmetic")).is_err());
    }
}
