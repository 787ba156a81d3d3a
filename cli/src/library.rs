//! `wavetank scenarios` and `wavetank validate`.

use api::yaml::{self, Limits};
use units::format_go_duration;

use crate::args::{ScenariosArgs, ValidateArgs};
use crate::columns::columns;
use crate::failure::Failure;
use crate::files::{Disk, built_in};
use crate::origin::Origin;
use crate::terminal::print;

/// Lists the library, or shows one scenario of it.
pub(crate) fn scenarios(args: &ScenariosArgs) -> Result<(), Failure> {
    match &args.name {
        Some(name) => print(built_in(name.trim_start_matches('@')).map_err(Failure::usage)?),
        None => print(&list()),
    }
}

fn list() -> String {
    let mut rows = vec![vec!["NAME".to_owned(), "WHAT IT SHOWS".to_owned()]];
    rows.extend(scenarios::library().iter().map(|(name, text)| vec![format!("@{name}"), description(text)]));
    columns(&rows) + "\nRun one with `wavetank run @NAME`; `wavetank scenarios NAME` prints it.\n"
}

/// The first line of `spec.description`.
fn description(text: &str) -> String {
    let (documents, _) = yaml::parse("", text.as_bytes(), &Limits::scenario());
    let spec = documents.first().and_then(|document| document.root().get("spec"));
    let description = spec.and_then(|spec| spec.get("description")).and_then(yaml::Node::as_str);
    description.and_then(|text| text.lines().next()).unwrap_or_default().to_owned()
}

/// Loads a scenario and says how much it is.
pub(crate) fn validate(args: ValidateArgs) -> Result<(), Failure> {
    let path = args.scenario.clone();
    let scenario = Origin::Scenario { path: args.scenario, set: args.set }.load(&Disk)?;
    let nodes: usize = scenario.pools.iter().map(|pool| pool.node_names().count()).sum();
    let counted =
        |number: usize, what: &str| format!("{number} {what}{}", if number == 1 { "" } else { "s" });
    print(&format!(
        "{path}: ok: {}, {}, {}, {}, {} of virtual time\n",
        counted(nodes, "node"),
        counted(scenario.manifests.len(), "manifest"),
        counted(scenario.behaviors.len(), "behaviour"),
        counted(scenario.timeline.len(), "step"),
        format_go_duration(scenario.duration),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scenario_of_the_library_is_described() {
        let list = list();
        for (name, _) in scenarios::library() {
            let line =
                list.lines().find(|line| line.starts_with(&format!("@{name} "))).expect("it is listed");
            assert!(line.len() > name.len() + 10, "{line}");
        }
    }
}
