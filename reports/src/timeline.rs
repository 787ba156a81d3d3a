//! The readable timeline of a run: one line per thing worth knowing, what happens in bursts folded.
//!
//! A fold over records; the lines are plain text without colours. Leases, endpoint slices, Normal events and status
//! reports that change nothing for a reader are left out; conflicts too, since controllers live with them.

mod burst;
mod notes;

use crate::time::short;
use crate::workload::{Owners, Workload};
use api::{Kind, Object, ObjectKey};
use burst::{Burst, Bursts, Rest};
use journal::{Body, ChangeType, Commit, Record};
use std::collections::BTreeMap;
use units::{SimDuration, SimTime};

/// Things of one kind that follow each other more closely are one line.
const GAP: SimDuration = SimDuration::from_secs(2);

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// When it began.
    pub time: SimTime,
    /// When the last thing in it happened.
    pub until: SimTime,
    /// What it is about: `deployment/web`, `pod/web-7d4b9c6f8-x2x7m`, `node/node-1`.
    pub subject: String,
    /// What happened.
    pub text: String,
    /// Whether it is bad news.
    pub warning: bool,
}

/// A timeline being made.
#[derive(Clone, Debug, Default)]
pub struct Timeline {
    known: Known,
    bursts: Bursts,
}

/// The objects there are, to compare with, and whose they are.
#[derive(Clone, Debug, Default)]
pub(crate) struct Known {
    objects: BTreeMap<(Kind, ObjectKey), Object>,
    owners: Owners,
}

impl Known {
    /// The workload that an object belongs to, as far as it is known.
    fn workload(&self, kind: Kind, key: &ObjectKey) -> Workload {
        match self.objects.get(&(kind, key.clone())) {
            Some(object) if kind == Kind::Pod => self.owners.workload(kind, object.meta()),
            _ => Workload::named(kind, key),
        }
    }

    /// Events and leases are never compared with their version before.
    fn keep(&mut self, object: &Object) {
        self.owners.learn(object);
        if !matches!(object.kind(), Kind::Event | Kind::Lease) {
            self.objects.insert((object.kind(), object.key()), object.clone());
        }
    }
}

/// What a record says, before it is folded.
pub(crate) struct Note {
    /// What it is about.
    pub subject: Workload,
    /// What it belongs to: those of one group and kind are folded.
    pub group: Workload,
    /// What happened to it, and how it is said of several.
    pub said: Said,
    /// The node it happened on, if that is worth counting.
    pub node: Option<api::Name>,
    /// Whether it is bad news.
    pub warning: bool,
}

/// How a note is said.
pub(crate) enum Said {
    /// In its own words; said again only if it happens again after a while.
    Once {
        /// Of this object.
        text: String,
        /// What it has in common with what is said of others: `created by kubectl`.
        general: String,
    },
    /// Of one: `alone`. Of several: `10 pods Ready`.
    Folding {
        /// What is said of a single one.
        alone: String,
        /// What is said of several, behind their number: `pods Ready`.
        several: String,
        /// What is added in both cases, and may differ between those that are folded: the first one counts.
        detail: String,
    },
    /// The desired number changed. Steps in the same direction are one.
    Scaled {
        /// From how many.
        from: i32,
        /// To how many.
        to: i32,
        /// By whom.
        by: api::Name,
    },
}

impl Timeline {
    /// An object that existed before the first record.
    pub fn existing(&mut self, object: &Object) {
        self.known.keep(object);
    }

    /// The next record.
    pub fn record(&mut self, record: &Record) {
        match &record.body {
            Body::Commit(commit) => self.commit(record.time, commit),
            Body::Refusal(refusal) => self.note(record.time, notes::refusal(refusal)),
            Body::Occurrence(occurrence) => self.note(record.time, notes::occurrence(occurrence)),
            Body::Kubectl(line) => self.note(record.time, notes::kubectl(line)),
            Body::Attempt(_) => {}
        }
    }

    /// The lines, in the order in which they began. If there are more than `most`, those of one kind are folded: many
    /// objects, then longer and longer spans, what is routine before what is bad news. If that does not suffice, the
    /// last line says how much is left out. Where lines are limited, so is the length of their messages.
    pub fn finish(&self, most: usize) -> Vec<Line> {
        let (bursts, rest) = self.bursts.clone().lines(GAP, most);
        let mut lines: Vec<Line> = bursts.iter().map(|burst| line(burst, most < usize::MAX)).collect();
        lines.extend((rest.lines > 0).then(|| left_out(&rest)));
        lines
    }

    fn commit(&mut self, time: SimTime, commit: &Commit) {
        let key = (commit.object.kind(), commit.object.key());
        let old = self.known.objects.get(&key).cloned();
        self.known.owners.learn(&commit.object);
        for note in notes::commit(&self.known, old.as_ref(), commit) {
            self.note(time, Some(note));
        }
        if commit.change == ChangeType::Deleted {
            self.known.objects.remove(&key);
        } else {
            self.known.keep(&commit.object);
        }
    }

    fn note(&mut self, time: SimTime, note: Option<Note>) {
        if let Some(note) = note {
            self.bursts.add(time, note, GAP);
        }
    }
}

fn line(burst: &Burst, brief: bool) -> Line {
    let (subject, text) = burst.words(brief);
    let mut text = on_one_line(&text);
    let (time, until) = (burst.first, burst.last);
    if short(time) != short(until) {
        text.push_str(&format!("  {}–{}", short(time).trim_end_matches('s'), short(until)));
    }
    Line { time, until, subject, text, warning: burst.warning }
}

fn on_one_line(text: &str) -> String {
    match text.split_once('\n') {
        None => text.to_owned(),
        Some((first, _)) => format!("{} …", first.trim_end()),
    }
}

fn left_out(rest: &Rest) -> Line {
    let bad = match rest.warnings {
        0 => "none of them bad news".to_owned(),
        warnings => format!("{warnings} of them bad news"),
    };
    Line {
        time: rest.until,
        until: rest.until,
        subject: "…".to_owned(),
        text: format!("and {} more lines, {bad}", rest.lines),
        warning: rest.warnings > 0,
    }
}

/// Subjects that are longer push what is said of them to the right.
const WIDEST: usize = 40;

/// The lines as text, one below the other.
pub fn render(lines: &[Line]) -> String {
    let widths = lines.iter().map(|line| line.subject.chars().count());
    let width = widths.filter(|width| *width <= WIDEST).max().unwrap_or_default();
    let row = |line: &Line| format!("{:>12}  {:width$}  {}\n", short(line.time), line.subject, line.text);
    lines.iter().map(row).collect()
}

#[cfg(test)]
mod tests;
