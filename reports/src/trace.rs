//! `trace.json` for ui.perfetto.dev and chrome://tracing.
//!
//! Format: "Trace Event Format", JSON object form. Nodes are processes, and the control plane is one. Pods, their
//! containers, each writer and each machine are tracks (threads) of these. A pod that has no node yet is an
//! asynchronous slice of the control plane. Slices: a pod's `Starting`, `Not ready`, `Ready`, `Terminating`; a
//! container's `Pulling`, `Running`, `CrashLoopBackOff`. Commits, attempts and what machines did are slices of a
//! nanosecond, between which flows (`s`, `f`) go from causes to what they caused; Events are instants.
//!
//! It is written while the run goes on, so that its memory is that of what is open. Slices and instants come in the
//! order of time; a flow is written when its effect happens, behind its beginning.
//! DIFFERENCE: at most [`FLOWS`] causes of a record are drawn, and none that lies more than [`REMEMBERED`] records
//! back; `why` shows all.

mod json;
mod tracks;

use api::pod::{ContainerState, Phase, Pod};
use api::{Kind, Name, Object, ObjectKey, ObjectRef};
use journal::{Attempt, AttemptOutcome, Body, ChangeType, Commit, Occurrence, Record, RecordId, What};
use json::Out;
use std::collections::{BTreeMap, VecDeque};
use std::io::{self, Write};
use tracks::{Track, Tracks};
use units::SimTime;

/// At most so many causes of one record are drawn.
pub const FLOWS: usize = 4;
/// A cause that lies further back is not drawn.
pub const REMEMBERED: usize = 100_000;

/// A trace being written.
#[derive(Debug)]
pub struct Trace<W> {
    out: Out<W>,
    tracks: Tracks,
    /// What is open on a track: its name.
    open: BTreeMap<Track, &'static str>,
    /// Pods without a node, by the id of their asynchronous slice.
    pending: BTreeMap<ObjectKey, u64>,
    /// Where records are drawn, the newest last; the first is that of `first_anchor`.
    anchors: VecDeque<Option<Anchor>>,
    first_anchor: u64,
    ids: u64,
    now: SimTime,
}

#[derive(Clone, Copy, Debug)]
struct Anchor {
    track: Track,
    time: SimTime,
}

impl<W: Write> Trace<W> {
    /// A trace into `out`, which should be buffered.
    ///
    /// # Errors
    /// What the sink says, here and below.
    pub fn new(out: W) -> io::Result<Self> {
        let mut trace = Self {
            out: Out::new(out)?,
            tracks: Tracks::default(),
            open: BTreeMap::new(),
            pending: BTreeMap::new(),
            anchors: VecDeque::new(),
            first_anchor: 0,
            ids: 0,
            now: SimTime::ZERO,
        };
        trace.tracks.control_plane(&mut trace.out)?;
        Ok(trace)
    }

    /// An object that existed before the first record.
    ///
    /// # Errors
    /// What the sink says.
    pub fn existing(&mut self, object: &Object) -> io::Result<()> {
        match object {
            Object::Node(node) => self.node(node),
            Object::Pod(pod) => self.pod(pod),
            _ => Ok(()),
        }
    }

    /// The next record.
    ///
    /// # Errors
    /// What the sink says.
    pub fn record(&mut self, record: &Record) -> io::Result<()> {
        self.now = record.time;
        if self.anchors.is_empty() {
            self.first_anchor = record.id.0;
        }
        let anchor = match &record.body {
            Body::Commit(commit) => self.commit(record.id, commit)?,
            Body::Refusal(refusal) => {
                let name = format!("refused: {} {}", refusal.verb, refusal.about);
                Some(self.moment(&refusal.by, &name, record.id)?)
            }
            Body::Attempt(attempt) => Some(self.attempt(record.id, attempt)?),
            Body::Occurrence(occurrence) => Some(self.occurrence(record.id, occurrence)?),
            Body::Kubectl(line) => Some(self.moment("kubectl", &line.line, record.id)?),
        };
        if let Some(anchor) = anchor {
            self.flows(record, anchor)?;
        }
        self.anchors.push_back(anchor);
        if self.anchors.len() > REMEMBERED {
            self.anchors.pop_front();
            self.first_anchor += 1;
        }
        Ok(())
    }

    /// Closes what is open at the end of the run, and returns the sink.
    ///
    /// # Errors
    /// What the sink says.
    pub fn finish(mut self, end: SimTime) -> io::Result<W> {
        self.now = self.now.max(end);
        for track in std::mem::take(&mut self.open).into_keys() {
            self.out.end(track, self.now)?;
        }
        for id in std::mem::take(&mut self.pending).into_values() {
            self.out.async_end(id, self.now)?;
        }
        self.out.finish()
    }

    fn commit(&mut self, id: RecordId, commit: &Commit) -> io::Result<Option<Anchor>> {
        let object = &commit.object;
        match object {
            Object::Lease(_) => return Ok(None),
            Object::Event(event) => {
                if commit.change != ChangeType::Deleted {
                    let track = self.track_of(&event.involved, &commit.by)?;
                    self.out.instant(track, self.now, &format!("{}: {}", event.reason, event.message))?;
                }
                return Ok(None);
            }
            _ => {}
        }
        let verb = match commit.change {
            ChangeType::Added => "create",
            ChangeType::Modified => "update",
            ChangeType::Deleted => "remove",
        };
        let name = format!("{verb} {} {}", object.kind(), object.meta().name);
        let anchor = self.moment(&commit.by, &name, id)?;
        match object {
            Object::Node(node) if commit.change != ChangeType::Deleted => self.node(node)?,
            Object::Pod(pod) if commit.change == ChangeType::Deleted => self.pod_gone(pod)?,
            Object::Pod(pod) => self.pod(pod)?,
            _ => {}
        }
        Ok(Some(anchor))
    }

    /// Something of no length that a writer did.
    fn moment(&mut self, by: &str, name: &str, id: RecordId) -> io::Result<Anchor> {
        let track = self.tracks.writer(&mut self.out, by)?;
        self.out.moment(track, self.now, name, id)?;
        Ok(Anchor { track, time: self.now })
    }

    fn attempt(&mut self, id: RecordId, attempt: &Attempt) -> io::Result<Anchor> {
        let pod = attempt.pod.name();
        let name = match &attempt.outcome {
            AttemptOutcome::Chosen(node) => format!("schedule {pod} to {node}"),
            AttemptOutcome::Unschedulable(message) => format!("cannot schedule {pod}: {message}"),
            AttemptOutcome::Error(message) => format!("failed to schedule {pod}: {message}"),
        };
        self.moment("default-scheduler", &name, id)
    }

    fn occurrence(&mut self, id: RecordId, occurrence: &Occurrence) -> io::Result<Anchor> {
        let about = &occurrence.about;
        let node = self.tracks.node_of(about);
        let track = self.tracks.machine(&mut self.out, node.as_ref())?;
        let name = format!("{} {} {}", words(&occurrence.what), about.name(), occurrence.container);
        self.out.moment(track, self.now, name.trim_end(), id)?;
        if !occurrence.container.is_empty() && about.kind == Kind::Pod {
            self.container(about, &occurrence.container, &occurrence.what)?;
        }
        Ok(Anchor { track, time: self.now })
    }

    fn container(&mut self, pod: &ObjectRef, container: &Name, what: &What) -> io::Result<()> {
        let Some(track) = self.tracks.container(&mut self.out, &pod.key, container)? else { return Ok(()) };
        match what {
            What::PullStarted { .. } => self.state(track, Some("Pulling")),
            What::ProcessStarted => self.state(track, Some("Running")),
            What::ImagePulled { .. } | What::ProcessEnded { .. } => self.state(track, None),
            What::ProbePassed(_) | What::ProbeFailed { .. } | What::ProcessSignalled { .. } => {
                self.out.instant(track, self.now, words(what))
            }
            _ => Ok(()),
        }
    }

    fn node(&mut self, node: &api::node::Node) -> io::Result<()> {
        let track = self.tracks.node(&mut self.out, &node.meta.name)?;
        self.state(track, Some(if node.is_ready() { "Ready" } else { "Not ready" }))
    }

    fn pod(&mut self, pod: &Pod) -> io::Result<()> {
        let key = pod.meta.key();
        if !pod.is_bound() {
            if let std::collections::btree_map::Entry::Vacant(free) = self.pending.entry(key) {
                self.ids += 1;
                free.insert(self.ids);
                self.out.async_begin(self.ids, self.now, &format!("Pending {}", pod.meta.name))?;
            }
            return Ok(());
        }
        self.end_pending(&key)?;
        let track = self.tracks.pod(&mut self.out, &key, &pod.node_name)?;
        self.state(track, pod_state(pod))?;
        for status in pod.status.init_container_statuses.iter().chain(&pod.status.container_statuses) {
            if matches!(&status.state, ContainerState::Waiting { reason, .. } if reason == "CrashLoopBackOff")
                && let Some(track) = self.tracks.container(&mut self.out, &key, &status.name)?
            {
                self.state(track, Some("CrashLoopBackOff"))?;
            }
        }
        Ok(())
    }

    fn pod_gone(&mut self, pod: &Pod) -> io::Result<()> {
        let key = pod.meta.key();
        self.end_pending(&key)?;
        for track in self.tracks.forget(&key) {
            self.state(track, None)?;
        }
        Ok(())
    }

    fn end_pending(&mut self, key: &ObjectKey) -> io::Result<()> {
        match self.pending.remove(key) {
            Some(id) => self.out.async_end(id, self.now),
            None => Ok(()),
        }
    }

    /// What a track shows from now on.
    fn state(&mut self, track: Track, state: Option<&'static str>) -> io::Result<()> {
        if self.open.get(&track).copied() == state {
            return Ok(());
        }
        if self.open.remove(&track).is_some() {
            self.out.end(track, self.now)?;
        }
        if let Some(state) = state {
            self.open.insert(track, state);
            self.out.begin(track, self.now, state)?;
        }
        Ok(())
    }

    /// The track of what an Event is about, or else of who wrote it.
    fn track_of(&mut self, about: &ObjectRef, by: &str) -> io::Result<Track> {
        match about.kind {
            Kind::Pod if let Some(track) = self.tracks.known_pod(&about.key) => Ok(track),
            Kind::Node => self.tracks.node(&mut self.out, &about.key.name),
            _ => self.tracks.writer(&mut self.out, by),
        }
    }

    /// Draws the newest causes.
    fn flows(&mut self, record: &Record, to: Anchor) -> io::Result<()> {
        for (_, cause) in record.causes.ranges().rev().take(FLOWS) {
            let at = cause.0.checked_sub(self.first_anchor).and_then(|at| usize::try_from(at).ok());
            if let Some(from) = at.and_then(|at| self.anchors.get(at).copied().flatten()) {
                self.ids += 1;
                self.out.flow(self.ids, (from.track, from.time), (to.track, to.time))?;
            }
        }
        Ok(())
    }
}

fn pod_state(pod: &Pod) -> Option<&'static str> {
    match pod.status.phase {
        Phase::Succeeded | Phase::Failed => None,
        _ if pod.meta.is_deleting() => Some("Terminating"),
        Phase::Running if pod.is_ready() => Some("Ready"),
        Phase::Running => Some("Not ready"),
        Phase::Pending | Phase::Unknown => Some("Starting"),
    }
}

fn words(what: &What) -> &'static str {
    match what {
        What::ProcessStarted => "process started",
        What::ProcessEnded { .. } => "process ended",
        What::ProcessSignalled { .. } => "process told to end",
        What::SandboxStarted => "sandbox started",
        What::SandboxStopped => "sandbox stopped",
        What::PullStarted { .. } => "pull began",
        What::ImagePulled { .. } => "image pulled",
        What::ProbePassed(_) => "probe passed",
        What::ProbeFailed { .. } => "probe failed",
        What::MachineStarted => "machine up",
        What::MachineStopped => "machine down",
        What::PodRejected { .. } => "pod rejected",
    }
}

#[cfg(test)]
mod tests;
