//! `wavetank get`: kubectl's words and tables, at any moment of a run.

use kubectl::UsageError;
use kubectl::get::{self, Output};
use kubectl::grammar::resources::Target;
use units::SimTime;

use crate::args::{GetArgs, Now};
use crate::choice::Run;
use crate::failure::Failure;
use crate::moment::moment;
use crate::terminal::{print, tell};

/// Prints objects of a moment; finding none is a failure.
pub(crate) fn get(args: &GetArgs) -> Result<(), Failure> {
    let refused = |error: UsageError| Failure::Refused(error.stderr);
    let (mut question, _) = get::GetArgs::parse(&words(args)).map_err(refused)?;
    let kinds: Vec<api::Kind> = question.targets.iter().map(Target::kind).collect();
    let run = Run::choose(args.run.as_deref())?;
    let moment = moment(&run, &kinds, args.at, args.seed)?;
    let now = match &args.now {
        Some(Now::At(now)) => *now,
        Some(Now::After(after)) => moment.clock_at(SimTime::ZERO + *after),
        None => moment.clock_at(moment.at),
    };
    let namespace = args.namespace.as_deref().filter(|name| !name.is_empty()).unwrap_or("default");
    let printed = get::render(&question, namespace, &moment.objects, now);
    tell(&printed.stderr);
    print(&printed.stdout)?;
    question.output = Output::Name;
    let is_empty = get::render(&question, namespace, &moment.objects, now).stdout.is_empty();
    if printed.status != 0 || is_empty { Err(Failure::Negative) } else { Ok(()) }
}

/// What follows `kubectl get`.
fn words(args: &GetArgs) -> Vec<String> {
    let mut words = args.resources.clone();
    let options = [
        ("selector", &args.selector),
        ("field-selector", &args.field_selector),
        ("output", &args.output.clone().filter(|format| format != "table")),
        ("sort-by", &args.sort_by),
    ];
    words.extend(options.iter().filter_map(|(flag, value)| Some(format!("--{flag}={}", value.as_ref()?))));
    let switches = [
        ("all-namespaces", args.all_namespaces),
        ("show-labels", args.show_labels),
        ("no-headers", args.no_headers),
    ];
    words.extend(switches.iter().filter(|(_, is_on)| *is_on).map(|(flag, _)| format!("--{flag}")));
    words
}
