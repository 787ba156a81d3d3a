//! What is written is read back; the hash says what happened and nothing else; damage is an error.

mod fixture;

use api::{ApiError, Kind, Object, ObjectKey, ObjectRef, Uid};
use fixture::rollout;
use journal::{
    Archive, Attempt, AttemptOutcome, Body, ChangeType, Chunk, ChunkKind, Header, JournalHash, KubectlLine,
    Occurrence, ProbeKind, ReadError, Reader, Record, RecordId, Refusal, RejectedNodes, What, Writer,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Cursor;
use units::{Clock, SimTime};

fn header() -> Header {
    Header { program: "test".to_owned(), ..Header::new(42, Clock::default(), "rollout") }
}

fn written(objects: &[Object], records: &[Record]) -> Writer {
    let mut writer = Writer::new(header());
    writer.snapshot(SimTime::ZERO, objects.iter());
    records.iter().for_each(|record| writer.append(record));
    writer
}

fn stored(mut writer: Writer) -> Vec<u8> {
    let mut archive = Archive::create(Vec::new(), writer.header()).unwrap();
    archive.add(&writer.sealed()).unwrap();
    archive.finish(&mut writer).unwrap()
}

fn reader(bytes: &[u8]) -> Reader<Cursor<&[u8]>> {
    Reader::open(Cursor::new(bytes)).unwrap()
}

/// The objects after all records up to `time`, the plain way.
fn folded(objects: &[Object], records: &[Record], time: SimTime) -> BTreeMap<(Kind, ObjectKey), Object> {
    let keyed = |object: &Object| ((object.kind(), object.key()), object.clone());
    let mut state: BTreeMap<_, _> = objects.iter().map(keyed).collect();
    for record in records.iter().take_while(|record| record.time <= time) {
        let Body::Commit(commit) = &record.body else { continue };
        let (key, object) = keyed(&commit.object);
        if commit.change == ChangeType::Deleted {
            state.remove(&key);
        } else {
            state.insert(key, object);
        }
    }
    state
}

#[test]
fn records_are_read_as_they_were_written() {
    let (objects, records) = rollout(600);
    let bytes = stored(written(&objects, &records));
    let read: Vec<Record> = reader(&bytes).records().map(Result::unwrap).collect();
    assert_eq!(read.len(), records.len());
    for (read, record) in read.iter().zip(&records) {
        assert_eq!(read, record);
    }
    let shown = |record: &Record| match &record.body {
        Body::Commit(commit) => commit.object.to_json().to_string(),
        _ => String::new(),
    };
    assert!(read.iter().map(shown).eq(records.iter().map(shown)), "notations of quantities are kept, too");
}

#[test]
fn the_objects_of_every_moment() {
    let (objects, records) = rollout(300);
    let bytes = stored(written(&objects, &records));
    let mut reader = reader(&bytes);
    let last = records.last().unwrap().time;
    for time in [SimTime::ZERO, SimTime::from_millis(2034), SimTime::from_millis(4000), last, SimTime::MAX] {
        assert_eq!(reader.state_at(time).unwrap().objects, folded(&objects, &records, time), "{time:?}");
    }
    let key = ObjectKey::new("default", "web");
    let mut web = |time| reader.object_at(Kind::Deployment, &key, time).unwrap();
    assert_eq!(web(SimTime::from_millis(2033)), None);
    assert_eq!(web(last).unwrap().as_deployment().unwrap().status.ready_replicas, 300);
    assert!(reader.state_at(SimTime::from_nanos(-1)).unwrap().objects.is_empty());
}

#[test]
fn snapshots_come_when_the_records_outweigh_them() {
    let (objects, records) = rollout(2_000);
    let mut writer = written(&objects, &records);
    let chunks = writer.finish();
    let starts: Vec<usize> =
        (0..chunks.len()).filter(|at| chunks[*at].kind == ChunkKind::SnapshotStart).collect();
    assert!(starts.len() > 2, "{starts:?}");
    for pair in starts.windows(2) {
        let group = &chunks[pair[0]..pair[1]];
        let weight = |is_wanted: fn(&Chunk) -> bool| -> usize {
            group.iter().filter(|chunk| is_wanted(chunk)).map(|chunk| chunk.bytes.len()).sum()
        };
        let records = weight(|chunk| chunk.kind == ChunkKind::Records);
        let snapshot = weight(|chunk| chunk.kind != ChunkKind::Records);
        assert!(records > snapshot && records > 256 * 1024, "{records} bytes of records after {snapshot}");
    }
}

#[test]
fn the_hash_is_of_what_happened() {
    let (objects, records) = rollout(50);
    let hash = written(&objects, &records).hash();

    let mut discarding = Writer::new(Header { scenario: "renamed".to_owned(), seed: 7, ..header() });
    discarding.discard_chunks();
    discarding.snapshot(SimTime::ZERO, objects.iter());
    records.iter().for_each(|record| discarding.append(record));
    assert_eq!(discarding.hash(), hash, "chunks, seed and name do not count");
    assert!(discarding.finish().is_empty());

    // The same values, none of them shared with any other.
    let mut apart = Writer::new(header());
    apart.snapshot(SimTime::ZERO, objects.iter());
    for record in &records {
        let mut record = record.clone();
        if let Body::Commit(commit) = &mut record.body {
            let pod = commit.object.as_pod().cloned();
            let json = commit.object.to_json();
            let again = Object::from_json(commit.object.kind(), &json).unwrap();
            if pod.is_none() && again == commit.object {
                commit.object = again;
            }
        }
        apart.append(&record);
    }
    assert_eq!(apart.hash(), hash, "what is shared does not count");
    assert_eq!(stored(apart), stored(written(&objects, &records)), "nor does it show in the bytes");
}

#[test]
fn every_difference_changes_the_hash() {
    let (objects, records) = rollout(3);
    let hash = written(&objects, &records).hash();
    let check = |what: &str, change: &dyn Fn(&mut Vec<Object>, &mut Vec<Record>)| {
        let (mut objects, mut records) = (objects.clone(), records.clone());
        change(&mut objects, &mut records);
        assert_ne!(written(&objects, &records).hash(), hash, "{what}");
    };
    check("an object less at the beginning", &|objects, _| drop(objects.pop()));
    check("a record less", &|_, records| drop(records.pop()));
    check("another time", &|_, records| records[4].time = SimTime::from_millis(2035));
    check("another cause", &|_, records| records[4].causes = journal::RecordId(1).into());
    check("another writer", &|_, records| {
        if let Body::Commit(commit) = &mut records[0].body {
            commit.by = "somebody".into();
        }
    });
    check("another label", &|_, records| {
        if let Body::Commit(commit) = &mut records[0].body {
            commit.object.meta_mut().labels = fixture::labels("other");
        }
    });
}

/// Who changes one of these says why: the hash, which behaviour changed; the bytes, that the format has a new number.
#[test]
fn golden() {
    let (objects, records) = rollout(3);
    let writer = written(&objects, &records);
    let hash = writer.hash().to_string();
    let bytes = stored(writer);
    let found = (hash.as_str(), bytes.len(), fnv(&bytes));
    assert_eq!(found, ("3b3514a7c2084d17f9ff0b877aa743d2", 4408, 18_025_877_603_021_731_630));
}

/// FNV-1a: enough to see that bytes changed.
fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(*b)).wrapping_mul(0x0100_0000_01b3))
}

#[test]
fn every_kind_goes_there_and_back() {
    let check = |kind: Kind, old: Value, new: Value| {
        let mut tape = fixture::Tape::new();
        let mut object = fixture::object(kind, old);
        tape.commit("somebody", ChangeType::Added, &mut object, journal::Causes::none());
        let uid = object.meta().uid;
        let mut object = fixture::object(kind, new);
        object.meta_mut().uid = uid;
        for change in [ChangeType::Modified, ChangeType::Deleted, ChangeType::Added, ChangeType::Deleted] {
            tape.wait_millis(1);
            tape.commit("somebody", change, &mut object, journal::RecordId(0));
        }
        let bytes = stored(written(&[], &tape.records));
        let read: Vec<Record> = reader(&bytes).records().map(Result::unwrap).collect();
        assert_eq!(read, tape.records, "{kind}");
        let (Body::Commit(read), Body::Commit(record)) = (&read[1].body, &tape.records[1].body) else {
            panic!()
        };
        assert_eq!(read.object.to_json(), record.object.to_json());
    };
    let meta =
        |generation: u32| json!({"name": "a", "generation": generation, "finalizers": ["x.example/y"]});
    check(
        Kind::Namespace,
        json!({"metadata": meta(1), "spec": {"finalizers": ["kubernetes"]}}),
        json!({"metadata": meta(2), "status": {"phase": "Terminating"}}),
    );
    let port = |port: Value| json!([{"name": "http", "port": 80, "targetPort": port}]);
    check(
        Kind::Service,
        json!({"metadata": meta(1), "spec": {"selector": {"app": "web"}, "ports": port(json!(8080))}}),
        json!({"metadata": meta(1), "spec": {"clusterIP": "10.96.0.9", "ports": port(json!("http"))},
            "status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}}),
    );
    let endpoint = |ip: &str, ready: bool| {
        let target = json!({"kind": "Pod", "name": ip, "namespace": "default", "uid": Uid(7).to_string()});
        json!({"addresses": [ip], "conditions": {"ready": ready}, "targetRef": target, "nodeName": "node-1"})
    };
    let slice = |endpoints: Vec<Value>| json!({"metadata": meta(1), "addressType": "IPv4", "endpoints": endpoints, "ports": [{"port": 80}]});
    check(
        Kind::EndpointSlice,
        slice(vec![endpoint("a", true), endpoint("b", false), endpoint("c", true)]),
        slice(vec![endpoint("a", true), endpoint("x", true), endpoint("b", true), endpoint("c", true)]),
    );
    let lease = |time: &str| json!({"metadata": meta(1), "spec": {"holderIdentity": "a", "renewTime": time}});
    check(Kind::Lease, lease("2026-01-01T00:00:10.000001Z"), lease("2025-12-31T23:59:59.999999Z"));
    let data = |value: Value| json!({"metadata": meta(1), "data": {"value": value, "long": "x".repeat(600)}});
    check(
        Kind::ConfigMap,
        data(json!(0.1)),
        data(json!([null, true, false, -1, u64::MAX, -1.5e300, {"a": {}}])),
    );
    let node = |memory: &str, images: Value| {
        let taints = json!([{"key": "a", "effect": "NoExecute", "timeAdded": "2026-01-01T00:00:00Z"}]);
        json!({"metadata": meta(1), "spec": {"taints": taints, "unschedulable": true}, "status": {
            "capacity": {"memory": memory}, "images": images, "nodeInfo": {"kubeletVersion": "v1.36.2"}}})
    };
    let images = json!([{"names": ["registry.example/web:v1"], "sizeBytes": 1_000_000}]);
    // The amount is the same, its notation is not.
    check(Kind::Node, node("1024Mi", json!([])), node("1073741824", images));
}

#[test]
fn every_body_goes_there_and_back() {
    let pod = ObjectRef { kind: Kind::Pod, key: ObjectKey::new("default", "web"), uid: Uid(3) };
    let rejected =
        RejectedNodes { plugin: "A".into(), reason: "b".into(), count: 3, examples: vec!["node-1".into()] };
    let attempt = |outcome| {
        let rejected = vec![rejected.clone()];
        let pod = pod.clone();
        let scores = Vec::new();
        Body::Attempt(Box::new(Attempt { pod, nodes: 9, visited: 8, feasible: 7, rejected, scores, outcome }))
    };
    let refusal = Refusal {
        about: pod.clone(),
        verb: "create".into(),
        by: "somebody".into(),
        error: ApiError::forbidden(Kind::Pod, "web", "so").with_cause("NamespaceTerminating"),
    };
    let what = [
        What::ProcessEnded { code: -1 },
        What::ProbeFailed { probe: ProbeKind::Liveness, threshold: true },
        What::MachineStopped,
        What::PodRejected { reason: "OutOfcpu".into() },
    ];
    let occurrence =
        |what| Body::Occurrence(Box::new(Occurrence { about: pod.clone(), container: "web".into(), what }));
    let line =
        KubectlLine { line: "a".to_owned(), stdout: "b".to_owned(), stderr: "c".repeat(999), status: 1 };
    let mut bodies = vec![
        attempt(AttemptOutcome::Unschedulable("0/9 nodes are available".to_owned())),
        attempt(AttemptOutcome::Error("no".to_owned())),
        Body::Refusal(Box::new(refusal)),
        Body::Kubectl(Box::new(line)),
    ];
    bodies.extend(what.map(occurrence));
    let mut tape = fixture::Tape::new();
    for (number, body) in (0_u64..).zip(bodies) {
        let causes: journal::Causes =
            [0, 1, 3, 4].into_iter().filter(|c| *c < number).map(RecordId).collect();
        tape.record(causes, body);
    }
    let bytes = stored(written(&[], &tape.records));
    assert_eq!(reader(&bytes).records().map(Result::unwrap).collect::<Vec<_>>(), tape.records);
}

#[test]
fn the_hash_is_computed_from_the_file() {
    let (objects, records) = rollout(400);
    let writer = written(&objects, &records);
    let hash = writer.hash();
    let bytes = stored(writer);
    let mut reader = reader(&bytes);
    assert_eq!((reader.hash(), reader.verify().unwrap()), (hash, hash));
    assert_eq!(JournalHash::parse(&hash.to_string()), Some(hash));
    assert_eq!(JournalHash::parse("xyz"), None);
}

#[test]
fn a_fork_goes_on_where_it_left_its_parent() {
    let (objects, records) = rollout(20);
    let (before, after) = records.split_at(100);
    let mut parent = written(&objects, before);
    let mut fork = parent.fork("fork");
    for record in after {
        parent.append(record);
        fork.append(record);
    }
    assert_eq!(fork.hash(), parent.hash());
    let bytes = stored(fork);
    let mut reader = reader(&bytes);
    assert_eq!(reader.header().first_record(), journal::RecordId(100));
    assert_eq!(reader.verify().unwrap(), parent.hash());
    let read: Vec<Record> = reader.records().map(Result::unwrap).collect();
    assert_eq!(read, after);
    assert_eq!(reader.state_at(SimTime::MAX).unwrap().objects, folded(&objects, &records, SimTime::MAX));
}

#[test]
fn an_unfinished_file_is_recognised() {
    let (objects, records) = rollout(3);
    let bytes = stored(written(&objects, &records));
    let open = |bytes: &[u8]| Reader::open(Cursor::new(bytes)).map(drop);
    assert!(open(&bytes).is_ok());
    assert!(matches!(open(&bytes[..bytes.len() - 1]), Err(ReadError::Unfinished)));
    assert!(matches!(open(&bytes[..bytes.len() / 2]), Err(ReadError::Unfinished)));
    assert!(matches!(open(b""), Err(ReadError::NotAJournal)));
    assert!(matches!(open(b"something else entirely"), Err(ReadError::NotAJournal)));
    let mut newer = bytes.clone();
    newer[8] = 99;
    assert!(matches!(open(&newer), Err(ReadError::Version(99))));
}

#[test]
fn nothing_at_all_is_a_journal() {
    let mut writer = Writer::new(header());
    let hash = writer.hash();
    let archive = Archive::create(Vec::new(), writer.header()).unwrap();
    let bytes = archive.finish(&mut writer).unwrap();
    let mut reader = reader(&bytes);
    assert_eq!(reader.records().count(), 0);
    assert_eq!(reader.verify().unwrap(), hash);
    assert!(reader.state_at(SimTime::MAX).unwrap().objects.is_empty());
}
