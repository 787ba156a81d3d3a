//! What is run: a scenario file, or manifests on a cluster of a few words.

use scenarios::Scenario;
use scenarios::files::{Files, Recording};
use serde::{Deserialize, Serialize};
use units::{SimDuration, SimTime, format_go_duration, parse_go_duration};

use crate::diagnostics::render;
use crate::failure::Failure;
use crate::terminal::tell;

/// What is run. With the files it names it gives the same scenario again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub(crate) enum Origin {
    /// A scenario file.
    Scenario {
        /// Its path, or `@NAME`.
        path: String,
        /// Changes of it.
        set: Vec<String>,
    },
    /// Manifests.
    Manifests {
        /// Their paths.
        paths: Vec<String>,
        /// How many nodes.
        nodes: u32,
        /// What each has.
        node_size: Option<String>,
        /// For how long, in nanoseconds of virtual time.
        for_nanos: i64,
    },
}

impl Origin {
    /// Loads it; warnings are told.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub(crate) fn load(&self, files: &dyn Files) -> Result<Scenario, Failure> {
        let files = Recording::new(files);
        let scenario = match self {
            Self::Scenario { path, set } => scenarios::load(&files, path, set),
            Self::Manifests { paths, nodes, node_size, for_nanos } => {
                let duration = SimDuration::from_nanos(*for_nanos);
                scenarios::from_manifests(&files, paths, *nodes, node_size.as_deref(), duration)
            }
        };
        let scenario = scenario.map_err(|found| Failure::Input(found, files.inputs()))?;
        tell(&render(&scenario.warnings, &scenario.inputs));
        Ok(scenario)
    }
}

/// Reads a duration of the command line: not negative.
///
/// # Errors
/// Why it is none.
pub(crate) fn duration(text: &str) -> Result<SimDuration, String> {
    match parse_go_duration(text) {
        Ok(duration) if duration < SimDuration::ZERO => Err("must not be negative".to_owned()),
        Ok(duration) => Ok(duration),
        Err(_) => Err("write a duration like 90s, 1m30s or 2h".to_owned()),
    }
}

/// The moment that a flag names, or the end of the run.
///
/// # Errors
/// It lies behind the end.
pub(crate) fn end(flag: &str, at: Option<SimDuration>, duration: SimDuration) -> Result<SimTime, Failure> {
    let at = at.unwrap_or(duration);
    if at > duration {
        let text = |span| format_go_duration(span);
        return Err(Failure::advice(
            format!("{flag} {} is after the end of the run, {}", text(at), text(duration)),
            format!("`wavetank run … --set duration={}` runs a scenario for longer", text(at)),
        ));
    }
    Ok(SimTime::ZERO + at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_not_negative() {
        assert_eq!(duration("1m30s"), Ok(SimDuration::from_secs(90)));
        assert_eq!(duration("0"), Ok(SimDuration::ZERO));
        for text in ["-1s", "5", "", "1d", "9223372036854775808ns", "3000000h", "1s "] {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_moment_lies_within_the_run() {
        let (minute, hour) = (SimDuration::from_secs(60), SimDuration::from_secs(3_600));
        assert_eq!(end("--at", None, minute).ok(), Some(SimTime::from_secs(60)));
        assert_eq!(end("--at", Some(minute), hour).ok(), Some(SimTime::from_secs(60)));
        assert!(end("--at", Some(hour), minute).is_err());
    }
}
