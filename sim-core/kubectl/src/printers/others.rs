//! Kinds with few columns, and all that have none of their own.
//!
//! Source: kubelet.md 3.3.

use super::Table;
use super::name;
use super::read::{age, at, flag, int, list, or, text};
use serde_json::Value;
use units::MicroTime;

pub const ANY: Table =
    Table { columns: &["NAME", "AGE"], wide: &[], cells: |object, now| vec![name(object), age(object, now)] };

pub const CREATED_AT: Table = Table {
    columns: &["NAME", "CREATED AT"],
    wide: &[],
    cells: |object, _| vec![name(object), text(object, "metadata.creationTimestamp").to_owned()],
};

pub const NAMESPACE: Table = Table {
    columns: &["NAME", "STATUS", "AGE"],
    wide: &[],
    cells: |object, now| vec![name(object), text(object, "status.phase").to_owned(), age(object, now)],
};

pub const LEASE: Table = Table {
    columns: &["NAME", "HOLDER", "AGE"],
    wide: &[],
    cells: |object, now| vec![name(object), text(object, "spec.holderIdentity").to_owned(), age(object, now)],
};

pub const CONFIG_MAP: Table = Table {
    columns: &["NAME", "DATA", "AGE"],
    wide: &[],
    cells: |object, now| vec![name(object), entries(object, &["data", "binaryData"]), age(object, now)],
};

pub const SECRET: Table = Table {
    columns: &["NAME", "TYPE", "DATA", "AGE"],
    wide: &[],
    cells: |object, now| {
        vec![name(object), text(object, "type").to_owned(), entries(object, &["data"]), age(object, now)]
    },
};

pub const PRIORITY_CLASS: Table = Table {
    columns: &["NAME", "VALUE", "GLOBAL-DEFAULT", "AGE", "PREEMPTIONPOLICY"],
    wide: &[],
    cells: |object, now| {
        vec![
            name(object),
            int(object, "value").to_string(),
            flag(object, "globalDefault").to_string(),
            age(object, now),
            or(text(object, "preemptionPolicy"), "PreemptLowerPriority").to_owned(),
        ]
    },
};

pub const POD_DISRUPTION_BUDGET: Table = Table {
    columns: &["NAME", "MIN AVAILABLE", "MAX UNAVAILABLE", "ALLOWED DISRUPTIONS", "AGE"],
    wide: &[],
    cells: |object, now| {
        vec![
            name(object),
            bound(at(object, "spec.minAvailable")),
            bound(at(object, "spec.maxUnavailable")),
            int(object, "status.disruptionsAllowed").to_string(),
            age(object, now),
        ]
    },
};

pub const PERSISTENT_VOLUME: Table = Table {
    columns: &[
        "NAME",
        "CAPACITY",
        "ACCESS MODES",
        "RECLAIM POLICY",
        "STATUS",
        "CLAIM",
        "STORAGECLASS",
        "VOLUMEATTRIBUTESCLASS",
        "REASON",
        "AGE",
    ],
    wide: &["VOLUMEMODE"],
    cells: persistent_volume,
};

pub const PERSISTENT_VOLUME_CLAIM: Table = Table {
    columns: &[
        "NAME",
        "STATUS",
        "VOLUME",
        "CAPACITY",
        "ACCESS MODES",
        "STORAGECLASS",
        "VOLUMEATTRIBUTESCLASS",
        "AGE",
    ],
    wide: &["VOLUMEMODE"],
    cells: persistent_volume_claim,
};

/// How many entries some maps have.
fn entries(object: &Value, maps: &[&str]) -> String {
    let sizes = maps.iter().map(|map| object[*map].as_object().map_or(0, serde_json::Map::len));
    sizes.sum::<usize>().to_string()
}

/// A number or a percentage, or `N/A`.
fn bound(value: &Value) -> String {
    match value {
        Value::Null => "N/A".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// `RWO,ROX,RWX,RWOP`, as far as they are there.
fn access_modes(modes: &[Value]) -> String {
    let short = [
        ("ReadWriteOnce", "RWO"),
        ("ReadOnlyMany", "ROX"),
        ("ReadWriteMany", "RWX"),
        ("ReadWriteOncePod", "RWOP"),
    ];
    let there = short.iter().filter(|(long, _)| modes.iter().any(|mode| mode == long));
    there.map(|(_, short)| *short).collect::<Vec<_>>().join(",")
}

fn persistent_volume(object: &Value, now: MicroTime) -> Vec<String> {
    let deleting = !at(object, "metadata.deletionTimestamp").is_null();
    let claim = match text(object, "spec.claimRef.name") {
        "" => String::new(),
        name => format!("{}/{name}", text(object, "spec.claimRef.namespace")),
    };
    vec![
        name(object),
        text(object, "spec.capacity.storage").to_owned(),
        access_modes(list(object, "spec.accessModes")),
        text(object, "spec.persistentVolumeReclaimPolicy").to_owned(),
        if deleting { "Terminating".to_owned() } else { text(object, "status.phase").to_owned() },
        claim,
        text(object, "spec.storageClassName").to_owned(),
        or(text(object, "spec.volumeAttributesClassName"), "<unset>").to_owned(),
        text(object, "status.reason").to_owned(),
        age(object, now),
        or(text(object, "spec.volumeMode"), "<unset>").to_owned(),
    ]
}

fn persistent_volume_claim(object: &Value, now: MicroTime) -> Vec<String> {
    let deleting = !at(object, "metadata.deletionTimestamp").is_null();
    let bound = !text(object, "spec.volumeName").is_empty();
    let of_bound = |cell: String| if bound { cell } else { String::new() };
    vec![
        name(object),
        if deleting { "Terminating".to_owned() } else { text(object, "status.phase").to_owned() },
        text(object, "spec.volumeName").to_owned(),
        of_bound(text(object, "status.capacity.storage").to_owned()),
        of_bound(access_modes(list(object, "status.accessModes"))),
        text(object, "spec.storageClassName").to_owned(),
        or(text(object, "spec.volumeAttributesClassName"), "<unset>").to_owned(),
        age(object, now),
        or(text(object, "spec.volumeMode"), "<unset>").to_owned(),
    ]
}
