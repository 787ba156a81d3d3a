//! The scenarios that are built into the binary: `wavetank run @rolling-update`.

/// Their names and texts, by name. They name no other files.
pub fn library() -> &'static [(&'static str, &'static str)] {
    &[
        ("deployment-create", include_str!("../library/deployment-create.yaml")),
        ("rolling-update", include_str!("../library/rolling-update.yaml")),
        ("scale-up-and-down", include_str!("../library/scale-up-and-down.yaml")),
        ("unschedulable", include_str!("../library/unschedulable.yaml")),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::Memory;

    #[test]
    fn every_scenario_loads_under_its_name_without_a_warning() {
        for (name, text) in library() {
            let scenario = crate::load(&Memory::default().with("s.yaml", text), "s.yaml", &[]);
            let scenario = scenario.unwrap_or_else(|found| panic!("{name}: {found:?}"));
            assert_eq!(scenario.name, *name);
            assert!(scenario.warnings.is_empty() && !scenario.description.is_empty(), "{name}");
            assert!(!scenario.pools.is_empty() && !scenario.manifests.is_empty(), "{name}");
        }
    }
}
