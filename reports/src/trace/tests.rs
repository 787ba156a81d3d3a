use super::*;
use crate::fixture;
use serde_json::Value;
use std::collections::BTreeSet;

fn events(objects: &[Object], records: &[Record]) -> Vec<Value> {
    let mut trace = Trace::new(Vec::new()).unwrap();
    objects.iter().for_each(|object| trace.existing(object).unwrap());
    records.iter().for_each(|record| trace.record(record).unwrap());
    let end = records.last().map_or(SimTime::ZERO, |record| record.time);
    let bytes = trace.finish(end).unwrap();
    let trace: Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(trace["displayTimeUnit"], "ms");
    trace["traceEvents"].as_array().unwrap().clone()
}

fn of<'a>(events: &'a [Value], ph: &str) -> Vec<&'a Value> {
    events.iter().filter(|event| event["ph"] == ph).collect()
}

fn track(event: &Value) -> (u64, u64) {
    (event["pid"].as_u64().unwrap(), event["tid"].as_u64().unwrap())
}

fn rollout() -> Vec<Value> {
    let (objects, records) = fixture::rollout(10);
    events(&objects, &records)
}

/// Whole nanoseconds.
fn nanos(event: &Value) -> i128 {
    let text = event["ts"].to_string();
    let (whole, rest) = text.split_once('.').unwrap_or((&text, ""));
    whole.parse::<i128>().unwrap() * 1000 + format!("{rest:0<3}")[..3].parse::<i128>().unwrap()
}

#[test]
fn slices_are_balanced_on_each_track() {
    let (events, mut open) = (rollout(), BTreeMap::<(u64, u64), i32>::new());
    for event in &events {
        match event["ph"].as_str().unwrap() {
            "B" => *open.entry(track(event)).or_default() += 1,
            "E" => *open.get_mut(&track(event)).unwrap() -= 1,
            _ => {}
        }
        assert!(open.values().all(|open| (0..=1).contains(open)), "{event}");
    }
    assert!(open.len() > 20 && open.values().all(|open| *open == 0), "{open:?}");
    let ids = |ph| of(&events, ph).iter().map(|e| e["id"].as_u64().unwrap()).collect::<Vec<_>>();
    assert_eq!((ids("b").len(), ids("b")), (10, ids("e")));
    assert!(of(&events, "X").iter().all(|e| e["dur"].as_f64() > Some(0.0)));
}

#[test]
fn everything_has_a_name() {
    let events = rollout();
    let named = |what: &str| -> BTreeSet<(u64, u64)> {
        let is_name = |event: &&&Value| event["name"] == what;
        of(&events, "M").iter().filter(is_name).map(|event| track(event)).collect()
    };
    let (threads, processes) = (named("thread_name"), named("process_name"));
    for event in events.iter().filter(|event| event["ph"] != "M") {
        let (process, thread) = track(event);
        assert!(threads.contains(&(process, thread)), "{event}");
        assert!(processes.contains(&(process, 0)), "{event}");
    }
    assert_eq!(processes.len(), 6, "five nodes and the control plane");
}

#[test]
fn flows_go_from_a_slice_to_a_later_one() {
    let (objects, records) = fixture::rollout(10);
    let events = events(&objects, &records);
    let slices: BTreeSet<_> = of(&events, "X").iter().map(|e| (track(e), nanos(e))).collect();
    let (starts, ends) = (of(&events, "s"), of(&events, "f"));
    let caused = records.iter().filter(|r| !r.causes.is_empty()).count();
    assert!(starts.len() > caused / 2, "{} flows for {caused} records with causes", starts.len());
    assert_eq!(starts.len(), ends.len());
    let mut ids = BTreeSet::new();
    for (start, end) in starts.into_iter().zip(ends) {
        assert_eq!(start["id"], end["id"]);
        assert!(ids.insert(start["id"].as_u64()), "used twice: {start}");
        assert!(nanos(start) <= nanos(end));
        assert!(slices.contains(&(track(start), nanos(start))), "nothing to hold on to: {start}");
        assert!(slices.contains(&(track(end), nanos(end))), "nothing to hold on to: {end}");
    }
}

#[test]
fn everything_but_flows_is_in_the_order_of_time() {
    let events = rollout();
    let timed: Vec<i128> = events
        .iter()
        .filter(|event| !["M", "s", "f"].contains(&event["ph"].as_str().unwrap()))
        .map(nanos)
        .collect();
    assert!(timed.is_sorted());
}

#[test]
fn a_pod_goes_through_its_states() {
    let events = rollout();
    let names = |pid_tid: (u64, u64)| -> Vec<String> {
        let on = |event: &&&Value| track(event) == pid_tid;
        of(&events, "B").iter().filter(on).map(|event| event["name"].as_str().unwrap().to_owned()).collect()
    };
    let thread = |is_meant: &dyn Fn(&str) -> bool| {
        let threads = of(&events, "M").into_iter().filter(|e| e["name"] == "thread_name");
        threads.filter(|e| is_meant(e["args"]["name"].as_str().unwrap())).map(track).last().unwrap()
    };
    // The last pod, whose probe fails, and which is deleted then.
    let pod = thread(&|name| name.starts_with("default/web") && !name.contains('·'));
    assert_eq!(names(pod), ["Starting", "Not ready", "Ready", "Not ready", "Terminating"]);
    let container = thread(&|name| name.contains('·'));
    assert_eq!(names(container), ["Pulling", "Running"]);
    let on = |event: &&&Value| track(event) == pod;
    let instants = of(&events, "i");
    assert!(instants.iter().filter(on).any(|e| e["name"] == "Unhealthy: Readiness probe failed: "));
}
