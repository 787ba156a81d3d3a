//! The folder of `--out`: written beside its place and renamed when all of it is there.
//!
//! A folder is a finished run if [`MARKER`] is in it, which is written last. So a run that was killed leaves at most a
//! folder whose name ends in `.tmp`, which nobody reads and a later run may lie beside.

use std::fs::{self, File};
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// Is in a folder that holds a finished run.
pub(crate) const MARKER: &str = "run.json";

/// A folder that is being written. It vanishes unless [`OutputDir::finish`] is reached.
#[derive(Debug)]
pub(crate) struct OutputDir {
    target: PathBuf,
    temporary: PathBuf,
    /// Folders above it that were made for it, the innermost first.
    made: Vec<PathBuf>,
}

impl OutputDir {
    /// Begins to write what will be `dir`.
    ///
    /// # Errors
    /// If `dir` is there and neither empty nor a finished run, or if nothing can be written beside it.
    pub(crate) fn begin(dir: &Path) -> Result<Self, Failure> {
        let target = resolved(dir)?;
        check_replaceable(dir, &target)?;
        let temporary = beside(&target, "tmp");
        let mut this = Self { target, temporary, made: Vec::new() };
        this.make_parents(dir)?;
        // Of a run that was killed and had the same process id.
        let _ = fs::remove_dir_all(&this.temporary);
        fs::create_dir(&this.temporary).map_err(|error| Failure::write(dir, &error))?;
        Ok(this)
    }

    fn make_parents(&mut self, dir: &Path) -> Result<(), Failure> {
        let absent = self.target.ancestors().skip(1).take_while(|parent| !parent.exists());
        self.made = absent.map(Path::to_owned).collect();
        match self.made.first() {
            Some(parent) => fs::create_dir_all(parent).map_err(|error| Failure::write(dir, &error)),
            None => Ok(()),
        }
    }

    /// Where it will be.
    pub(crate) fn target(&self) -> &Path {
        &self.target
    }

    /// Begins a file in it; `name` may lie in a folder that is there.
    pub(crate) fn create(&self, name: &str) -> Result<BufWriter<File>, Failure> {
        let path = self.temporary.join(name);
        File::create(&path).map(BufWriter::new).map_err(|error| self.failed(name, &error))
    }

    /// Writes a whole file into it.
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> Result<(), Failure> {
        let path = self.temporary.join(name);
        let folder = path.parent().map_or(Ok(()), fs::create_dir_all);
        folder.and_then(|()| fs::write(&path, bytes)).map_err(|error| self.failed(name, &error))
    }

    /// That a file in it could not be written.
    pub(crate) fn failed(&self, name: &str, error: &std::io::Error) -> Failure {
        Failure::write(&self.target.join(name), error)
    }

    /// Writes the marker and puts the folder in its place.
    pub(crate) fn finish(mut self, marker: &[u8]) -> Result<PathBuf, Failure> {
        self.write(MARKER, marker)?;
        let old = beside(&self.target, "old.tmp");
        let _ = fs::remove_dir_all(&old);
        let is_replaced = self.target.join(MARKER).exists();
        if is_replaced {
            fs::rename(&self.target, &old).map_err(|error| Failure::write(&self.target, &error))?;
        }
        if let Err(error) = fs::rename(&self.temporary, &self.target) {
            if is_replaced {
                let _ = fs::rename(&old, &self.target);
            }
            return Err(Failure::write(&self.target, &error));
        }
        let _ = fs::remove_dir_all(&old);
        self.made.clear();
        Ok(self.target.clone())
    }
}

impl Drop for OutputDir {
    fn drop(&mut self) {
        // After `finish` there is nothing left under these names.
        let _ = fs::remove_dir_all(&self.temporary);
        for folder in &self.made {
            let _ = fs::remove_dir(folder);
        }
    }
}

/// `dir` without links at its end, and absolute.
fn resolved(dir: &Path) -> Result<PathBuf, Failure> {
    let absolute = fs::canonicalize(dir).or_else(|_| std::path::absolute(dir));
    let absolute = absolute.map_err(|error| Failure::write(dir, &error))?;
    let here = std::env::current_dir().and_then(fs::canonicalize).unwrap_or_default();
    if absolute.file_name().is_none() || here.starts_with(&absolute) {
        return Err(Failure::advice(
            format!("--out {}: the current folder and those above it cannot be replaced", dir.display()),
            "name a folder in it: --out run-1",
        ));
    }
    Ok(absolute)
}

fn check_replaceable(dir: &Path, target: &Path) -> Result<(), Failure> {
    let refuse = |why: &str| {
        Err(Failure::advice(
            format!("--out {}: {why}", dir.display()),
            "name a folder that is not there, or an empty one",
        ))
    };
    if target.join(MARKER).exists() {
        return match crate::run_file::RunFile::read(target) {
            Ok(_) => Ok(()),
            Err(_) => refuse("the folder holds something else than a run of wavetank"),
        };
    }
    match fs::read_dir(target) {
        Ok(mut entries) => match entries.next() {
            None => Ok(()),
            Some(_) => refuse("the folder is not empty, and holds no finished run"),
        },
        Err(_) if fs::symlink_metadata(target).is_ok() => refuse("there is something else than a folder"),
        Err(_) => Ok(()),
    }
}

/// `a/b` → `a/b.1234.tmp`
pub(crate) fn beside(target: &Path, ending: &str) -> PathBuf {
    let mut name = target.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.{ending}", std::process::id()));
    target.with_file_name(name)
}
