//! Events.
//!
//! Source: kubelet.md 3.3.

use super::Table;
use super::name;
use super::read::{at, int, or, since, text};
use serde_json::Value;
use units::MicroTime;

pub const TABLE: Table = Table {
    columns: &["LAST SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"],
    wide: &["SUBOBJECT", "SOURCE", "FIRST SEEN", "COUNT", "NAME"],
    cells,
};

fn cells(event: &Value, now: MicroTime) -> Vec<String> {
    let first = match text(event, "firstTimestamp") {
        "" => since(text(event, "eventTime"), now),
        time => since(time, now),
    };
    let last = match (text(event, "series.lastObservedTime"), text(event, "lastTimestamp")) {
        ("", "") => first.clone(),
        ("", time) | (time, _) => since(time, now),
    };
    let count =
        if at(event, "series").is_object() { int(event, "series.count") } else { int(event, "count") };
    vec![
        last,
        text(event, "type").to_owned(),
        text(event, "reason").to_owned(),
        object(event),
        text(event, "message").trim().to_owned(),
        text(event, "involvedObject.fieldPath").to_owned(),
        source(event),
        first,
        count.max(1).to_string(),
        name(event),
    ]
}

fn object(event: &Value) -> String {
    let about = &event["involvedObject"];
    let kind = text(about, "kind").to_lowercase();
    match text(about, "name") {
        "" => kind,
        name => format!("{kind}/{name}"),
    }
}

fn source(event: &Value) -> String {
    let component = or(text(event, "source.component"), text(event, "reportingComponent"));
    match or(text(event, "source.host"), text(event, "reportingInstance")) {
        "" => component.to_owned(),
        host => format!("{component}, {host}"),
    }
}
