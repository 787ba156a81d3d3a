//! Which run a command asks about.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use crate::failure::Failure;
use crate::terminal::{Level, complain};

/// The folder in the current one that remembers the last `--out`.
const MEMORY: &str = ".wavetank";

/// A run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Run {
    /// A scenario, to be simulated.
    Scenario(String),
    /// The folder of a finished run.
    Finished(PathBuf),
    /// A watch recording.
    Recording(PathBuf),
}

impl Run {
    /// The one that is named, else that of `WAVETANK_RUN`, else the last one that was kept.
    ///
    /// # Errors
    /// Nothing says which.
    pub(crate) fn choose(named: Option<&str>) -> Result<Self, Failure> {
        let from_environment = || env::var("WAVETANK_RUN").ok().filter(|run| !run.is_empty());
        match named.map(str::to_owned).or_else(from_environment).or_else(last) {
            Some(run) => Ok(Self::of(&run)),
            None => Err(Failure::advice(
                "which run?",
                "--run SCENARIO, --run DIR or --run FILE.jsonl names one; `wavetank run … --out DIR` leaves one that is \
                 taken by default",
            )),
        }
    }

    fn of(run: &str) -> Self {
        let path = Path::new(run);
        if path.is_dir() {
            Self::Finished(path.to_owned())
        } else if run.ends_with(".jsonl") || run.ends_with(".jsonl.gz") {
            Self::Recording(path.to_owned())
        } else {
            Self::Scenario(run.to_owned())
        }
    }
}

fn last() -> Option<String> {
    let text = fs::read_to_string(Path::new(MEMORY).join("last")).ok()?;
    Some(text.trim_end_matches('\n').to_owned()).filter(|run| Path::new(run).is_dir())
}

/// Remembers a finished run for commands that name none.
pub(crate) fn remember(dir: &Path) {
    let Some(dir) = dir.to_str() else { return };
    let written = fs::create_dir_all(MEMORY)
        .and_then(|()| fs::write(Path::new(MEMORY).join("last"), format!("{dir}\n")));
    if let Err(error) = written {
        let why = crate::failure::in_words(&error);
        complain(
            Level::Warning,
            &format!("{MEMORY}/last cannot be written: {why}; `get` needs --run {dir}"),
            None,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_of_a_run_says_what_it_is() {
        let check = |run: &str, expect: Run| assert_eq!(Run::of(run), expect);
        check("src", Run::Finished("src".into()));
        check("a/watch.jsonl", Run::Recording("a/watch.jsonl".into()));
        check("watch.jsonl.gz", Run::Recording("watch.jsonl.gz".into()));
        check("@rolling-update", Run::Scenario("@rolling-update".to_owned()));
        check("web.yaml", Run::Scenario("web.yaml".to_owned()));
        check("-", Run::Scenario("-".to_owned()));
    }
}
