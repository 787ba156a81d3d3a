//! `run.json`: what a finished run was, and what it takes to run it again.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use scenarios::files::Memory;
use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::origin::Origin;
use crate::output_dir::{MARKER, OutputDir};

/// Tells the file from any other `run.json`; its number rises when a field changes its meaning.
const FORMAT: &str = "wavetank-run/1";

/// Inputs lie in this folder.
const INPUTS: &str = "inputs";

/// A finished run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RunFile {
    format: String,
    /// Version of the program.
    pub(crate) version: String,
    /// Name of the scenario.
    pub(crate) name: String,
    /// What was run.
    pub(crate) origin: Origin,
    /// The seed it was run with.
    pub(crate) seed: u64,
    /// The moment it was run to, in nanoseconds of virtual time.
    pub(crate) until_nanos: i64,
    /// Events that were processed.
    pub(crate) events: u64,
    /// Hash of the journal.
    pub(crate) hash: String,
    inputs: Vec<Input>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Input {
    /// As it was named.
    path: String,
    /// Where its bytes are kept, in the folder of the run.
    file: String,
}

impl RunFile {
    /// A run whose result is not known yet.
    pub(crate) fn new(name: &str, origin: Origin, seed: u64, until_nanos: i64) -> Self {
        Self {
            format: FORMAT.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            name: name.to_owned(),
            origin,
            seed,
            until_nanos,
            events: 0,
            hash: String::new(),
            inputs: Vec::new(),
        }
    }

    /// Reads the one of a finished run.
    pub(crate) fn read(dir: &Path) -> Result<Self, Failure> {
        let path = dir.join(MARKER);
        let bytes = std::fs::read(&path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => Failure::advice(
                format!("{} is no finished run: it has no {MARKER}", dir.display()),
                "`wavetank run … --out DIR` writes one",
            ),
            _ => Failure::read(&path, &error),
        })?;
        let read = serde_json::from_slice::<Self>(&bytes).ok().filter(|file| file.format == FORMAT);
        read.ok_or_else(|| {
            Failure::usage(format!("{} is of no run that this version can read", path.display()))
        })
    }

    /// Keeps the inputs beside it.
    pub(crate) fn keep_inputs(
        &mut self,
        out: &OutputDir,
        inputs: &BTreeMap<String, Arc<[u8]>>,
    ) -> Result<(), Failure> {
        for (number, (path, bytes)) in inputs.iter().enumerate() {
            let file = format!("{INPUTS}/{number:04}-{}", plain(path));
            out.write(&file, bytes)?;
            self.inputs.push(Input { path: path.clone(), file });
        }
        Ok(())
    }

    /// The inputs that were kept, under the names that they were read by.
    pub(crate) fn inputs(&self, dir: &Path) -> Result<Memory, Failure> {
        let mut files = Memory::default();
        for input in &self.inputs {
            let path = dir.join(&input.file);
            let bytes = std::fs::read(&path).map_err(|error| Failure::read(&path, &error))?;
            files.0.insert(input.path.clone(), bytes.into());
        }
        Ok(files)
    }

    /// As JSON, indented.
    pub(crate) fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_else(|error| panic!("run.json cannot be made: {error}"))
            + "\n"
    }
}

/// The last part of a path, without what a file system may not like.
fn plain(path: &str) -> String {
    let last = path.rsplit('/').next().unwrap_or(path);
    let allowed =
        |letter: char| if letter.is_ascii_alphanumeric() || "._-".contains(letter) { letter } else { '_' };
    let name: String = last.chars().map(allowed).take(100).collect();
    if name == "-" { "stdin".to_owned() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_inputs_are_harmless() {
        let check = |path: &str, expect: &str| assert_eq!(plain(path), expect);
        check("a/b/web.yaml", "web.yaml");
        check("-", "stdin");
        check("@rolling-update", "_rolling-update");
        check("../..", "..");
        check("ä b\\c:d", "__b_c_d");
    }

    #[test]
    fn what_was_written_is_read_again() {
        let origin = Origin::Scenario { path: "s.yaml".to_owned(), set: vec!["seed=3".to_owned()] };
        let file = RunFile::new("web", origin, u64::MAX, 60_000_000_000);
        assert_eq!(serde_json::from_str::<RunFile>(&file.to_json()).ok(), Some(file));
    }
}
