//! Things of one kind that follow each other closely, as one; and what is done when that is not few enough.

use super::{Note, Said};
use crate::brief::shortened;
use crate::workload::Workload;
use api::{Kind, Name};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use units::{SimDuration, SimTime};

/// What makes notes foldable: the group, and how it is said of several.
type Key = (Workload, String);

/// So many objects of one kind in a namespace keep lines of their own, if there is room at all.
const OWN_LINES: usize = 10;
/// So many do when there is little room.
const FEW: usize = 3;
/// Bad news that comes again and again is told as often as what is routine, as long as its pauses are no longer.
const WHILE: SimDuration = SimDuration::from_secs(30);

/// One or more notes of one kind.
#[derive(Clone, Debug)]
pub(super) struct Burst {
    pub first: SimTime,
    pub last: SimTime,
    pub warning: bool,
    key: Key,
    /// How it is said of many objects that have nothing but their kind in common.
    general: String,
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

impl Burst {
    fn new(time: SimTime, note: Note) -> Self {
        let mut burst = Self {
            first: time,
            last: time,
            warning: note.warning,
            key: (note.group, String::new()),
            general: String::new(),
            alone: (note.subject.clone(), String::new()),
            detail: String::new(),
            range: None,
            count: 1,
            subjects: BTreeSet::from([note.subject]),
            nodes: note.node.into_iter().collect(),
            folds: false,
            is_wide: false,
        };
        burst.say(note.said);
        burst
    }

    fn say(&mut self, said: Said) {
        match said {
            Said::Once { text, general } => {
                self.general = general;
                (self.key.1, self.alone.1) = (text.clone(), text);
            }
            Said::Folding { alone, several, detail } => {
                (self.alone.1, self.detail, self.folds) = (alone, detail, true);
                (self.key.1, self.general) = (several.clone(), several);
            }
            Said::Scaled { from, to, by } => {
                let way = if to > from { "up" } else { "down" };
                self.general = format!("scaled {way} by {by}");
                (self.key.1, self.alone.1) = (self.general.clone(), "scaled".to_owned());
                (self.detail, self.range) = (format!(" by {by}"), Some((from, to)));
            }
        }
    }

    /// As one of many objects of its kind, in its namespace or in all of them.
    fn widen(mut self, in_all: bool) -> Self {
        self.key.0.name = Name::new_static("*");
        if in_all && !self.key.0.namespace.is_empty() {
            self.key.0.namespace = Name::new_static("*");
        }
        self.key.1 = self.general.clone();
        self.is_wide = true;
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

    /// Subject and sentence; `brief` cuts messages.
    pub(super) fn words(&self, brief: bool) -> (String, String) {
        let ((group, several), times) = (&self.key, self.times());
        let detail = if brief { shortened(&self.detail) } else { self.detail.clone() };
        let count = self.subjects.len();
        if count == 1 || !(self.folds || self.is_wide) {
            let range = self.range.map(|(from, to)| format!(" from {from} to {to}")).unwrap_or_default();
            return (self.alone.0.to_string(), format!("{}{range}{detail}{times}", self.alone.1));
        }
        if !self.folds {
            return (group.to_string(), format!("{count} {} {several}{times}", plural(&group.kind)));
        }
        let on = match self.nodes.len() {
            0 => String::new(),
            1 => format!(" on {}", self.nodes.first().map(Name::as_str).unwrap_or_default()),
            nodes => format!(" on {nodes} nodes"),
        };
        (group.to_string(), format!("{count} {several}{on}{detail}{times}"))
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

fn plural(singular: &str) -> String {
    let known = Kind::ALL.iter().map(|kind| kind.info()).find(|info| info.singular == singular);
    known.map_or_else(|| format!("{singular}s"), |info| info.plural.to_owned())
}

/// All bursts, in the order in which they began.
#[derive(Clone, Debug, Default)]
pub(super) struct Bursts {
    bursts: Vec<Burst>,
    /// The newest of each kind.
    newest: BTreeMap<Key, usize>,
}

/// What did not get a line.
#[derive(Clone, Debug, Default)]
pub(super) struct Rest {
    pub lines: usize,
    pub warnings: usize,
    pub until: SimTime,
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

    /// At most `most` bursts, and what else there would be. What is routine is folded before what is bad news, and few
    /// objects only where there is no room for them.
    pub(super) fn lines(self, gap: SimDuration, most: usize) -> (Vec<Burst>, Rest) {
        let mut lines = self;
        let steps: [fn(Self, SimDuration, usize) -> Self; 9] = [
            |lines, gap, _| lines.over_objects(gap, OWN_LINES, true),
            |lines, gap, most| lines.over_time(gap, most, true, WHILE),
            |lines, gap, most| lines.over_time(gap, most, false, SimDuration::MAX),
            |lines, _, _| lines.over_objects(SimDuration::MAX, FEW, false),
            |lines, gap, most| lines.over_time(gap, most, true, SimDuration::MAX),
            |lines, _, _| lines.over_objects(SimDuration::MAX, FEW, true),
            |lines, _, _| lines.over_objects(SimDuration::MAX, 1, false),
            |lines, _, _| lines.over_objects(SimDuration::MAX, 1, true),
            |lines, _, _| lines.over_namespaces(),
        ];
        for step in steps {
            if lines.bursts.len() <= most {
                break;
            }
            lines = step(lines, gap, most);
        }
        lines.shed(most)
    }

    /// The bursts that `which` says, changed by `change`, over pauses of at most `gap`.
    fn fold(self, gap: SimDuration, change: impl Fn(Burst) -> Burst, which: impl Fn(&Burst) -> bool) -> Self {
        let mut folded = Self::default();
        for burst in self.bursts {
            match which(&burst) {
                true => folded.put(change(burst), gap),
                false => folded.put(burst, SimDuration::ZERO),
            }
        }
        folded
    }

    /// Folds over objects where a namespace has more than `own` of a kind.
    fn over_objects(self, gap: SimDuration, own: usize, warnings: bool) -> Self {
        let mut groups = BTreeMap::<(Name, String), BTreeSet<Name>>::new();
        for Burst { key: (group, _), .. } in &self.bursts {
            let kind = (group.namespace.clone(), group.kind.clone());
            groups.entry(kind).or_default().insert(group.name.clone());
        }
        let is_one_of_many = |burst: &Burst| {
            let group = &burst.key.0;
            let many = groups.get(&(group.namespace.clone(), group.kind.clone()));
            (warnings || !burst.warning) && many.is_some_and(|names| names.len() > own)
        };
        self.fold(gap, |burst| burst.widen(false), is_one_of_many)
    }

    /// Folds what is said of a kind in several namespaces.
    fn over_namespaces(self) -> Self {
        let of = |burst: &Burst| (burst.key.0.kind.clone(), burst.general.clone());
        let mut namespaces = BTreeMap::<(String, String), BTreeSet<Name>>::new();
        for burst in &self.bursts {
            namespaces.entry(of(burst)).or_default().insert(burst.key.0.namespace.clone());
        }
        let is_common = |burst: &Burst| namespaces.get(&of(burst)).is_some_and(|names| names.len() > 1);
        self.fold(SimDuration::MAX, |burst| burst.widen(true), is_common)
    }

    /// Folds over longer and longer pauses, until that is few enough or nothing is left to fold.
    fn over_time(self, gap: SimDuration, most: usize, warnings: bool, longest: SimDuration) -> Self {
        let (mut lines, mut gap) = (self, gap);
        while lines.bursts.len() > most && gap < longest && lines.is_split(warnings) {
            gap = gap.times(4);
            lines = lines.fold(gap, |burst| burst, |burst| warnings || !burst.warning);
        }
        lines
    }

    /// Whether there are bursts of one key.
    fn is_split(&self, warnings: bool) -> bool {
        let mut keys = BTreeSet::new();
        let mut candidates = self.bursts.iter().filter(|burst| warnings || !burst.warning);
        !candidates.all(|burst| keys.insert(&burst.key))
    }

    /// Leaves out what has no room even so: first what is routine, of that what is about the fewest objects.
    fn shed(self, most: usize) -> (Vec<Burst>, Rest) {
        let mut bursts = self.bursts;
        if bursts.len() <= most {
            return (bursts, Rest::default());
        }
        bursts.sort_by_key(|burst| (!burst.warning, Reverse(burst.subjects.len()), burst.first));
        let gone = bursts.split_off(most.saturating_sub(1));
        bursts.sort_by_key(|burst| burst.first);
        let rest = Rest {
            lines: gone.len(),
            warnings: gone.iter().filter(|burst| burst.warning).count(),
            until: gone.iter().map(|burst| burst.last).max().unwrap_or_default(),
        };
        (bursts, rest)
    }
}
