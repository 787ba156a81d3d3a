//! Processes and threads of the trace: who has which number.

use super::json::{CONTROL_PLANE, Out};
use api::{Kind, Name, ObjectKey, ObjectRef};
use std::collections::BTreeMap;
use std::io::{self, Write};

/// A thread of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Track {
    pub process: u32,
    pub thread: u32,
}

/// The tracks that every node has.
const STATE: u32 = 1;
const KUBELET: u32 = 2;
const MACHINE: u32 = 3;
const FIRST_POD: u32 = 4;

/// The numbers that have been given out.
#[derive(Clone, Debug, Default)]
pub(super) struct Tracks {
    /// By name; the control plane has none.
    nodes: BTreeMap<Name, Process>,
    writers: BTreeMap<Name, u32>,
    pods: BTreeMap<ObjectKey, PodTracks>,
}

#[derive(Clone, Copy, Debug)]
struct Process {
    number: u32,
    next_thread: u32,
}

#[derive(Clone, Debug)]
struct PodTracks {
    node: Name,
    track: Track,
    containers: BTreeMap<Name, Track>,
}

impl Tracks {
    /// Names the process of the control plane, and the pods that wait for a node.
    pub(super) fn control_plane<W: Write>(&mut self, out: &mut Out<W>) -> io::Result<()> {
        out.process(CONTROL_PLANE, "control plane")?;
        out.thread(Track { process: CONTROL_PLANE, thread: 0 }, "pods without a node")
    }

    /// The track of who writes: a kubelet's is on its node.
    pub(super) fn writer<W: Write>(&mut self, out: &mut Out<W>, by: &str) -> io::Result<Track> {
        if let Some(node) = by.strip_prefix("kubelet/") {
            let process = self.process(out, &node.into())?;
            return Ok(Track { process, thread: KUBELET });
        }
        if let Some(&thread) = self.writers.get(by) {
            return Ok(Track { process: CONTROL_PLANE, thread });
        }
        let thread = u32::try_from(self.writers.len()).unwrap_or(u32::MAX - 1) + 1;
        let track = Track { process: CONTROL_PLANE, thread };
        out.thread(track, by)?;
        self.writers.insert(by.into(), thread);
        Ok(track)
    }

    /// The track of a node's own state.
    pub(super) fn node<W: Write>(&mut self, out: &mut Out<W>, name: &Name) -> io::Result<Track> {
        Ok(Track { process: self.process(out, name)?, thread: STATE })
    }

    /// The track of what a machine does; without a node, of all machines that are not known.
    pub(super) fn machine<W: Write>(&mut self, out: &mut Out<W>, node: Option<&Name>) -> io::Result<Track> {
        match node {
            Some(node) => Ok(Track { process: self.process(out, node)?, thread: MACHINE }),
            None => self.writer(out, "machines"),
        }
    }

    /// The node that something happens on, if that is known.
    pub(super) fn node_of(&self, about: &ObjectRef) -> Option<Name> {
        match about.kind {
            Kind::Node => Some(about.key.name.clone()),
            _ => self.pods.get(&about.key).map(|pod| pod.node.clone()),
        }
    }

    /// The track of a pod that has a node.
    pub(super) fn pod<W: Write>(
        &mut self,
        out: &mut Out<W>,
        key: &ObjectKey,
        node: &Name,
    ) -> io::Result<Track> {
        if let Some(pod) = self.pods.get(key) {
            return Ok(pod.track);
        }
        let track = self.thread(out, node)?;
        out.thread(track, &key.to_string())?;
        self.pods.insert(key.clone(), PodTracks { node: node.clone(), track, containers: BTreeMap::new() });
        Ok(track)
    }

    /// The track of a pod that has been seen on a node.
    pub(super) fn known_pod(&self, key: &ObjectKey) -> Option<Track> {
        self.pods.get(key).map(|pod| pod.track)
    }

    /// The track of a container of such a pod.
    pub(super) fn container<W: Write>(
        &mut self,
        out: &mut Out<W>,
        pod: &ObjectKey,
        container: &Name,
    ) -> io::Result<Option<Track>> {
        let Some(known) = self.pods.get(pod) else { return Ok(None) };
        if let Some(&track) = known.containers.get(container) {
            return Ok(Some(track));
        }
        let track = self.thread(out, &known.node.clone())?;
        out.thread(track, &format!("{pod} · {container}"))?;
        if let Some(known) = self.pods.get_mut(pod) {
            known.containers.insert(container.clone(), track);
        }
        Ok(Some(track))
    }

    /// A pod is gone: its tracks, which are closed.
    pub(super) fn forget(&mut self, pod: &ObjectKey) -> Vec<Track> {
        let known = self.pods.remove(pod);
        known.map(|pod| pod.containers.into_values().chain([pod.track]).collect()).unwrap_or_default()
    }

    fn thread<W: Write>(&mut self, out: &mut Out<W>, node: &Name) -> io::Result<Track> {
        let process = self.process(out, node)?;
        let next = self.nodes.get_mut(node).map(|node| {
            node.next_thread += 1;
            node.next_thread - 1
        });
        Ok(Track { process, thread: next.unwrap_or(FIRST_POD) })
    }

    fn process<W: Write>(&mut self, out: &mut Out<W>, node: &Name) -> io::Result<u32> {
        if let Some(known) = self.nodes.get(node) {
            return Ok(known.number);
        }
        let number = u32::try_from(self.nodes.len()).unwrap_or(u32::MAX - 2) + CONTROL_PLANE + 1;
        self.nodes.insert(node.clone(), Process { number, next_thread: FIRST_POD });
        out.process(number, &format!("node {node}"))?;
        for (thread, name) in [(STATE, "node"), (KUBELET, "kubelet"), (MACHINE, "machine")] {
            out.thread(Track { process: number, thread }, name)?;
        }
        Ok(number)
    }
}
