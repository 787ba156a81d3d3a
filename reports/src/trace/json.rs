//! Lines of the trace.

use super::tracks::Track;
use crate::time::micros;
use journal::RecordId;
use std::io::{self, Write};
use units::SimTime;

/// The process of asynchronous slices.
pub(super) const CONTROL_PLANE: u32 = 1;

/// Where the lines go.
#[derive(Debug)]
pub(super) struct Out<W> {
    out: W,
    is_first: bool,
}

/// A text as JSON, with its quotes.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

impl<W: Write> Out<W> {
    pub(super) fn new(mut out: W) -> io::Result<Self> {
        out.write_all(b"{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n")?;
        Ok(Self { out, is_first: true })
    }

    pub(super) fn finish(mut self) -> io::Result<W> {
        self.out.write_all(b"\n]}\n")?;
        self.out.flush()?;
        Ok(self.out)
    }

    fn line(&mut self, ph: &str, track: Track, rest: &str) -> io::Result<()> {
        let comma = if std::mem::take(&mut self.is_first) { "" } else { ",\n" };
        write!(
            self.out,
            "{comma}{{\"ph\":\"{ph}\",\"pid\":{},\"tid\":{}{rest}}}",
            track.process, track.thread
        )
    }

    fn at(&mut self, ph: &str, track: Track, time: SimTime, rest: &str) -> io::Result<()> {
        self.line(ph, track, &format!(",\"ts\":{}{rest}", micros(time)))
    }

    /// The name and place of a process.
    pub(super) fn process(&mut self, process: u32, name: &str) -> io::Result<()> {
        let track = Track { process, thread: 0 };
        self.metadata(track, "process_name", &format!("\"name\":{}", quoted(name)))?;
        self.metadata(track, "process_sort_index", &format!("\"sort_index\":{process}"))
    }

    /// The name and place of a thread.
    pub(super) fn thread(&mut self, track: Track, name: &str) -> io::Result<()> {
        self.metadata(track, "thread_name", &format!("\"name\":{}", quoted(name)))?;
        self.metadata(track, "thread_sort_index", &format!("\"sort_index\":{}", track.thread))
    }

    fn metadata(&mut self, track: Track, what: &str, args: &str) -> io::Result<()> {
        self.line("M", track, &format!(",\"name\":\"{what}\",\"args\":{{{args}}}"))
    }

    pub(super) fn begin(&mut self, track: Track, time: SimTime, name: &str) -> io::Result<()> {
        self.at("B", track, time, &format!(",\"name\":{}", quoted(name)))
    }

    pub(super) fn end(&mut self, track: Track, time: SimTime) -> io::Result<()> {
        self.at("E", track, time, "")
    }

    /// A slice of a nanosecond, so that flows have something to hold on to.
    pub(super) fn moment(&mut self, track: Track, time: SimTime, name: &str, id: RecordId) -> io::Result<()> {
        let name = quoted(name);
        self.at("X", track, time, &format!(",\"dur\":0.001,\"name\":{name},\"args\":{{\"record\":{}}}", id.0))
    }

    pub(super) fn instant(&mut self, track: Track, time: SimTime, name: &str) -> io::Result<()> {
        self.at("i", track, time, &format!(",\"s\":\"t\",\"name\":{}", quoted(name)))
    }

    pub(super) fn async_begin(&mut self, id: u64, time: SimTime, name: &str) -> io::Result<()> {
        let name = quoted(name);
        self.at("b", ASYNC, time, &format!(",\"cat\":\"pending\",\"id\":{id},\"name\":{name}"))
    }

    pub(super) fn async_end(&mut self, id: u64, time: SimTime) -> io::Result<()> {
        self.at("e", ASYNC, time, &format!(",\"cat\":\"pending\",\"id\":{id},\"name\":\"Pending\""))
    }

    pub(super) fn flow(&mut self, id: u64, from: (Track, SimTime), to: (Track, SimTime)) -> io::Result<()> {
        let rest = format!(",\"cat\":\"cause\",\"id\":{id},\"name\":\"cause\"");
        self.at("s", from.0, from.1, &rest)?;
        self.at("f", to.0, to.1, &format!("{rest},\"bp\":\"e\""))
    }
}

const ASYNC: Track = Track { process: CONTROL_PLANE, thread: 0 };
