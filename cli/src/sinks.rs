//! Where the records of a run go: into what is told of it, and into files.

use std::fs::File;
use std::io::BufWriter;
use std::path::PathBuf;

use api::{Kind, Object};
use journal::{Archive, Record};
use reports::timeline::{self, Line, Timeline};
use reports::trace::Trace;
use reports::watch_recording::WatchRecording;
use sim_core::Simulation;
use units::SimTime;

use crate::failure::Failure;
use crate::moment::JOURNAL;
use crate::output_dir::OutputDir;
use crate::record_file::{RecordFile, Sink};
use crate::run_file::RunFile;

/// For ui.perfetto.dev.
const TRACE: &str = "trace.json";

/// Lines of the timeline on a terminal.
const MOST_LINES: usize = 40;

/// Everything that looks at the records.
pub(crate) struct Sinks {
    timeline: Timeline,
    recording: Option<(RecordFile, WatchRecording<Sink>)>,
    kept: Option<Kept>,
}

/// The folder of `--out`, and its files that grow with the run.
struct Kept {
    out: OutputDir,
    journal: Archive<BufWriter<File>>,
    trace: Trace<BufWriter<File>>,
}

impl Sinks {
    /// Begins with a simulation that is at t = 0.
    pub(crate) fn begin(
        simulation: &mut Simulation,
        out: Option<OutputDir>,
        recording: Option<(RecordFile, Sink)>,
    ) -> Result<Self, Failure> {
        let recording = recording.map(|(file, sink)| (file, WatchRecording::new(sink)));
        let kept = out.map(|out| Kept::begin(out, simulation)).transpose()?;
        if kept.is_none() {
            simulation.journal().discard_chunks();
        }
        let mut sinks = Self { timeline: Timeline::default(), recording, kept };
        for kind in Kind::ALL.iter().copied() {
            simulation.objects(kind).iter().try_for_each(|object| sinks.existing(object))?;
        }
        Ok(sinks)
    }

    fn existing(&mut self, object: &Object) -> Result<(), Failure> {
        self.timeline.existing(object);
        if let Some(Kept { out, trace, .. }) = &mut self.kept {
            trace.existing(object).map_err(|error| out.failed(TRACE, &error))?;
        }
        match &mut self.recording {
            Some((file, recording)) => recording.existing(object).map_err(|error| file.failed(&error)),
            None => Ok(()),
        }
    }

    /// Takes what has happened since the last time.
    pub(crate) fn take(&mut self, simulation: &mut Simulation) -> Result<(), Failure> {
        simulation.take_records().iter().try_for_each(|record| self.record(record))?;
        match &mut self.kept {
            Some(kept) => kept.take(simulation),
            None => Ok(()),
        }
    }

    fn record(&mut self, record: &Record) -> Result<(), Failure> {
        self.timeline.record(record);
        if let Some(Kept { out, trace, .. }) = &mut self.kept {
            trace.record(record).map_err(|error| out.failed(TRACE, &error))?;
        }
        match &mut self.recording {
            Some((file, recording)) => recording.record(record).map_err(|error| file.failed(&error)),
            None => Ok(()),
        }
    }

    /// The timeline, folded so that it can be read.
    pub(crate) fn timeline(&self) -> Vec<Line> {
        self.timeline.finish(MOST_LINES)
    }

    /// Whether there is a folder.
    pub(crate) fn keeps(&self) -> bool {
        self.kept.is_some()
    }

    /// Ends the files and puts them in their places; `file` is completed with what came out. Returns the folder.
    pub(crate) fn finish(
        self,
        mut simulation: Simulation,
        run: Inputs,
        summary: &str,
    ) -> Result<Option<PathBuf>, Failure> {
        if let Some((file, recording)) = self.recording {
            match recording.finish() {
                Ok(sink) => file.finish(sink)?,
                Err(error) => return Err(file.failed(&error)),
            }
        }
        let Some(kept) = self.kept else { return Ok(None) };
        let timeline = timeline::render(&self.timeline.finish(usize::MAX));
        kept.out.write("timeline.txt", timeline.as_bytes())?;
        kept.out.write("summary.txt", summary.as_bytes())?;
        kept.finish(&mut simulation, run).map(Some)
    }
}

/// What `run.json` is made of.
pub(crate) struct Inputs {
    /// It, without results.
    pub(crate) file: RunFile,
    /// The files that were read.
    pub(crate) inputs: crate::failure::Sources,
}

impl Kept {
    fn begin(out: OutputDir, simulation: &mut Simulation) -> Result<Self, Failure> {
        let file = out.create(JOURNAL)?;
        let journal = Archive::create(file, simulation.journal().header());
        let journal = journal.map_err(|error| out.failed(JOURNAL, &error))?;
        let trace = out.create(TRACE)?;
        let trace = Trace::new(trace).map_err(|error| out.failed(TRACE, &error))?;
        Ok(Self { out, journal, trace })
    }

    fn take(&mut self, simulation: &mut Simulation) -> Result<(), Failure> {
        let added = self.journal.add(&simulation.journal().sealed());
        added.map_err(|error| self.out.failed(JOURNAL, &error))
    }

    fn finish(self, simulation: &mut Simulation, run: Inputs) -> Result<PathBuf, Failure> {
        let Self { out, journal, trace } = self;
        let end = SimTime::from_nanos(run.file.until_nanos);
        trace.finish(end).map_err(|error| out.failed(TRACE, &error))?;
        journal.finish(simulation.journal()).map_err(|error| out.failed(JOURNAL, &error))?;
        let mut file = run.file;
        file.keep_inputs(&out, &run.inputs)?;
        file.events = simulation.events_processed();
        file.hash = simulation.journal_hash().to_string();
        out.finish(file.to_json().as_bytes())
    }
}
