//! A watch recording of a run: what a client sees that watches every resource, one line each.
//!
//! `{"t":61.204,"type":"MODIFIED","object":{…}}`: `t` is the commit in seconds since t = 0, to the nanosecond where it
//! needs that. What existed before comes first, as ADDED at 0. Every kind but Leases, as in recordings of real clusters.

use crate::time;
use api::{Kind, Object};
use journal::{Body, ChangeType, Record};
use std::io::{self, Write};
use units::SimTime;

/// A recording being written.
#[derive(Debug)]
pub struct WatchRecording<W> {
    out: W,
}

impl<W: Write> WatchRecording<W> {
    /// A recording into `out`, which should be buffered.
    pub fn new(out: W) -> Self {
        Self { out }
    }

    /// An object that existed before t = 0. All of them come before the first record.
    ///
    /// # Errors
    /// What the sink says.
    pub fn existing(&mut self, object: &Object) -> io::Result<()> {
        self.line(SimTime::ZERO, "ADDED", object)
    }

    /// The next record; what is no commit is no line.
    ///
    /// # Errors
    /// What the sink says.
    pub fn record(&mut self, record: &Record) -> io::Result<()> {
        let Body::Commit(commit) = &record.body else { return Ok(()) };
        let change = match commit.change {
            ChangeType::Added => "ADDED",
            ChangeType::Modified => "MODIFIED",
            ChangeType::Deleted => "DELETED",
        };
        self.line(record.time, change, &commit.object)
    }

    /// Writes out what is left, and returns the sink.
    ///
    /// # Errors
    /// What the sink says.
    pub fn finish(mut self) -> io::Result<W> {
        self.out.flush()?;
        Ok(self.out)
    }

    fn line(&mut self, time: SimTime, change: &str, object: &Object) -> io::Result<()> {
        if object.kind() == Kind::Lease {
            return Ok(());
        }
        let t = time::seconds(time);
        write!(self.out, "{{\"t\":{t},\"type\":\"{change}\",\"object\":")?;
        serde_json::to_writer(&mut self.out, &object.to_json())?;
        self.out.write_all(b"}\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;
    use serde_json::Value;

    #[test]
    fn one_line_per_commit_and_existing_object() {
        let (objects, records) = fixture::rollout(4);
        let mut recording = WatchRecording::new(Vec::new());
        objects.iter().for_each(|object| recording.existing(object).unwrap());
        records.iter().for_each(|record| recording.record(record).unwrap());
        let text = String::from_utf8(recording.finish().unwrap()).unwrap();
        let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let commits: Vec<&Record> = records.iter().filter(|r| matches!(r.body, Body::Commit(_))).collect();
        assert_eq!(lines.len(), objects.len() + commits.len());
        assert_eq!((&lines[0]["t"], &lines[0]["object"]), (&0.into(), &objects[0].to_json()));
        for (line, record) in lines[objects.len()..].iter().zip(commits) {
            let Body::Commit(commit) = &record.body else { continue };
            assert_eq!(line["object"], commit.object.to_json());
            assert_eq!(line["t"].as_f64().map(f64::to_bits), Some(record.time.as_secs_f64().to_bits()));
        }
        assert!(text.starts_with("{\"t\":0,\"type\":\"ADDED\",\"object\":{"), "{text:.80}");
        assert!(text.contains("{\"t\":2.034,\"type\":\"ADDED\",\"object\":{\"apiVersion\":\"apps/v1\""));
        assert!(text.contains("\"type\":\"DELETED\""));
    }

    #[test]
    fn leases_are_left_out() {
        let lease = Object::from(api::coordination::Lease::default());
        let mut recording = WatchRecording::new(Vec::new());
        recording.existing(&lease).unwrap();
        assert!(recording.finish().unwrap().is_empty());
    }
}
