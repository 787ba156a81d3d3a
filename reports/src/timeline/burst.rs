//! Things of one kind that follow each other closely, as one.

use super::{Note, Said};
use crate::workload::Workload;
use api::Name;
use std::collections::{BTreeMap, BTreeSet};
use units::{SimDuration, SimTime};

/// What makes notes foldable: the group, and how it is said of several.
type Key = (Workload, String);

/// One or more notes of one kind.
#[derive(Clone, Debug)]
pub(super) struct Burst {
    pub first: SimTime,
    pub last: SimTime,
    pub warning: bool,
    key: Key,
    /// Said of a single one, and the subject of it.
    alone: (Workload, String),
    /// Added to what is said.
    detail: String,
    /// From how many to how many, if it is about that.
    range: Option<(i32, i32)>,
    /// How often, and of how many.
    count: usize,
    subjects: BTreeSet<Workload>,
    nodes: BTreeSet<Name>,
    folds: bool,
    /// Stands for many objects of a kind that have nothing else in common.
    is_wide: bool,
}

/// So many objects of one kind in a namespace keep lines of their own.
const OWN_LINES: usize = 10;

impl Burst {
    fn new(time: SimTime, note: Note) -> Self {
        let (alone, several, detail, range, folds) = match note.said {
            Said::Once(text) => (text.clone(), text, String::new(), None, false),
            Said::Folding { alone, several, detail } => (alone, several, detail, None, true),
            Said::Scaled { from, to, by } => {
                let way = if to > from { "up" } else { "down" };
                (
                    "scaled".to_owned(),
                    format!("scaled {way} by {by}"),
                    format!(" by {by}"),
                    Some((from, to)),
                    false,
                )
            }
        };
        Self {
            first: time,
            last: time,
            warning: note.warning,
            key: (note.group, several),
            alone: (note.subject.clone(), alone),
            detail,
            range,
            count: 1,
            subjects: BTreeSet::from([note.subject]),
            nodes: note.node.into_iter().collect(),
            folds,
            is_wide: false,
        }
    }

    /// What the objects of a kind in a namespace have in common.
    fn widen(mut self) -> Self {
        if self.range.is_none() {
            self.key.0.name = Name::new_static("*");
            self.is_wide = true;
        }
        self
    }

    fn absorb(&mut self, later: Self) {
        self.last = self.last.max(later.last);
        self.count += later.count;
        self.subjects.extend(later.subjects);
        self.nodes.extend(later.nodes);
        self.warning |= later.warning;
        if let (Some((_, to)), Some((_, later))) = (&mut self.range, later.range) {
            *to = later;
        }
    }

    /// Subject and sentence.
    pub(super) fn words(&self) -> (String, String) {
        let ((group, several), detail) = (&self.key, &self.detail);
        let times = self.times();
        if self.is_wide && !self.folds && self.subjects.len() > 1 {
            return (group.to_string(), format!("{several}{detail} ({} objects)", self.subjects.len()));
        }
        if !self.folds || self.subjects.len() == 1 {
            let range = self.range.map(|(from, to)| format!(" from {from} to {to}")).unwrap_or_default();
            return (self.alone.0.to_string(), format!("{}{range}{detail}{times}", self.alone.1));
        }
        let on = match self.nodes.len() {
            0 => String::new(),
            1 => format!(" on {}", self.nodes.first().map(Name::as_str).unwrap_or_default()),
            nodes => format!(" on {nodes} nodes"),
        };
        (group.to_string(), format!("{} {several}{on}{detail}{times}", self.subjects.len()))
    }

    /// How often, if it happened to something more than once.
    fn times(&self) -> String {
        if self.count <= self.subjects.len() {
            return String::new();
        }
        let word = if self.range.is_some() { "steps" } else { "times" };
        format!(" ({} {word})", self.count)
    }
}

/// All bursts, in the order in which they began.
#[derive(Clone, Debug, Default)]
pub(super) struct Bursts {
    bursts: Vec<Burst>,
    /// The newest of each kind.
    newest: BTreeMap<Key, usize>,
}

impl Bursts {
    /// Adds a note to the newest burst of its kind, or begins one.
    pub(super) fn add(&mut self, time: SimTime, note: Note, gap: SimDuration) {
        self.put(Burst::new(time, note), gap);
    }

    fn put(&mut self, burst: Burst, gap: SimDuration) {
        match self.newest.get(&burst.key) {
            Some(&at) if burst.first - self.bursts[at].last <= gap => self.bursts[at].absorb(burst),
            _ => {
                self.newest.insert(burst.key.clone(), self.bursts.len());
                self.bursts.push(burst);
            }
        }
    }

    /// At most `most` bursts, if folding over longer spans, and then over objects of one kind, can achieve that.
    pub(super) fn lines(self, gap: SimDuration, most: usize) -> Vec<Burst> {
        let lines = self.over_time(gap, most);
        if lines.bursts.len() <= most {
            return lines.bursts;
        }
        lines.over_objects(gap).over_time(gap, most).bursts
    }

    /// Folds over objects where a namespace has more of a kind than can have lines of their own.
    fn over_objects(self, gap: SimDuration) -> Self {
        let mut groups = BTreeMap::<(Name, String), BTreeSet<Name>>::new();
        for Burst { key: (group, _), .. } in &self.bursts {
            let kind = (group.namespace.clone(), group.kind.clone());
            groups.entry(kind).or_default().insert(group.name.clone());
        }
        let mut folded = Self::default();
        for burst in self.bursts {
            let group = &burst.key.0;
            let many = groups.get(&(group.namespace.clone(), group.kind.clone()));
            let is_one_of_many = many.is_some_and(|names| names.len() > OWN_LINES);
            folded.put(if is_one_of_many { burst.widen() } else { burst }, gap);
        }
        folded
    }

    fn over_time(self, gap: SimDuration, most: usize) -> Self {
        let (mut lines, mut gap) = (self, gap);
        while lines.bursts.len() > most && lines.bursts.len() > lines.newest.len() {
            gap = gap.times(4);
            let mut folded = Self::default();
            lines.bursts.into_iter().for_each(|burst| folded.put(burst, gap));
            lines = folded;
        }
        lines
    }
}
