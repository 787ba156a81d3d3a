//! The file of `--record`: written beside its place and renamed when it is complete.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::failure::Failure;
use crate::output_dir::beside;

/// A file that is being written. It vanishes unless [`RecordFile::finish`] is reached.
#[derive(Debug)]
pub(crate) struct RecordFile {
    target: PathBuf,
    /// `None`: the target is a pipe or a device, which cannot be renamed to.
    temporary: Option<PathBuf>,
}

/// Where its bytes go.
#[derive(Debug)]
pub(crate) enum Sink {
    /// As they are.
    Plain(BufWriter<File>),
    /// With gzip.
    Compressed(GzEncoder<BufWriter<File>>),
}

impl RecordFile {
    /// Begins to write what will be `target`; it is compressed if its name ends in `.gz`.
    ///
    /// # Errors
    /// Nothing can be written there.
    pub(crate) fn begin(target: &Path) -> Result<(Self, Sink), Failure> {
        let found = fs::metadata(target).ok();
        if found.as_ref().is_some_and(fs::Metadata::is_dir) {
            let message = format!("--record {}: there is a folder", target.display());
            return Err(Failure::advice(message, "name a file, like run.jsonl"));
        }
        let is_special = found.is_some_and(|found| !found.is_file());
        let place =
            if target.file_name().is_some() { target.to_owned() } else { target.join("recording.jsonl") };
        // A link is followed, so that it stays one.
        let place = fs::canonicalize(&place).unwrap_or(place);
        let temporary = (!is_special).then(|| beside(&place, "tmp"));
        let path = temporary.as_deref().unwrap_or(&place);
        let file = File::options().write(true).create(true).truncate(!is_special).open(path);
        let file = BufWriter::new(file.map_err(|error| Failure::write(target, &error))?);
        let sink = match target.extension().is_some_and(|ending| ending == "gz") {
            true => Sink::Compressed(GzEncoder::new(file, Compression::default())),
            false => Sink::Plain(file),
        };
        Ok((Self { target: place, temporary }, sink))
    }

    /// That it could not be written.
    pub(crate) fn failed(&self, error: &io::Error) -> Failure {
        Failure::write(&self.target, error)
    }

    /// Ends the file and puts it in its place.
    pub(crate) fn finish(mut self, sink: Sink) -> Result<(), Failure> {
        let ended = match sink {
            Sink::Plain(mut file) => file.flush(),
            Sink::Compressed(encoder) => encoder.finish().and_then(|mut file| file.flush()),
        };
        let renamed = ended.and_then(|()| match &self.temporary {
            Some(temporary) => fs::rename(temporary, &self.target),
            None => Ok(()),
        });
        renamed.map_err(|error| self.failed(&error))?;
        self.temporary = None;
        Ok(())
    }
}

impl Drop for RecordFile {
    fn drop(&mut self) {
        if let Some(temporary) = &self.temporary {
            let _ = fs::remove_file(temporary);
        }
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(file) => file.write(bytes),
            Self::Compressed(encoder) => encoder.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(file) => file.flush(),
            Self::Compressed(encoder) => encoder.flush(),
        }
    }
}
