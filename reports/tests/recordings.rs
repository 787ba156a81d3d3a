//! Recordings of a real cluster reduce to the observables, and are judged, as their own tools have it (`data/README.md`).

use flate2::read::GzDecoder;
use reports::recording::{Observables, Reference, compare, observe, observe_file};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

const NAMES: [&str; 2] = ["deployment-create", "rolling-update"];

fn data(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(file)
}

fn unpacked(file: &str) -> String {
    let mut text = String::new();
    GzDecoder::new(File::open(data(file)).unwrap()).read_to_string(&mut text).unwrap();
    text
}

fn written(observables: &Observables) -> String {
    let mut text = Vec::new();
    observables.write(&mut text).unwrap();
    String::from_utf8(text).unwrap()
}

fn reference(name: &str) -> Reference {
    Reference::read(&unpacked(&format!("{name}.reference.json.gz"))).unwrap()
}

fn run(name: &str) -> Observables {
    observe_file(&data(&format!("{name}.jsonl.gz"))).unwrap()
}

/// The comparisons of a file of them, by heading.
fn golden(text: &str) -> BTreeMap<String, String> {
    let one = |part: &str| {
        let (heading, rest) = part.split_once('\n').unwrap();
        (heading.to_owned(), rest.trim_end().to_owned())
    };
    text.trim_start_matches("# ").split("\n# ").map(one).collect()
}

/// The directory of all recordings, if it stands beside the repository.
fn all_recordings() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/recordings");
    beside.is_dir().then_some(beside)
}

#[test]
fn observables_are_those_of_the_tool() {
    for name in NAMES {
        let seen = run(name);
        let expect = unpacked(&format!("{name}.observables.json.gz"));
        for (line, expect) in written(&seen).lines().zip(expect.lines()) {
            assert_eq!(line, expect, "{name}");
        }
        assert_eq!(written(&seen), expect, "{name}");
        assert_eq!(Observables::read(&expect).unwrap(), seen, "{name}");
    }
}

#[test]
fn verdicts_are_those_of_the_tool() {
    let golden = golden(&unpacked("comparisons.txt.gz"));
    assert_eq!(golden.len(), 6);
    for (heading, expect) in golden {
        let (name, with) = heading.split_once(" with ").unwrap();
        let runs: Vec<Observables> = with.split(' ').map(run).collect();
        assert_eq!(compare(&reference(name), &runs).to_string(), expect, "{heading}");
    }
}

#[test]
fn a_reference_is_written_as_the_tool_does() {
    for name in NAMES {
        let mut text = Vec::new();
        reference(name).write(&mut text).unwrap();
        assert_eq!(
            String::from_utf8(text).unwrap(),
            unpacked(&format!("{name}.reference.json.gz")),
            "{name}"
        );
    }
}

#[test]
fn what_one_run_shows_twice_is_what_its_repeats_agree_on() {
    for name in NAMES {
        let twice = [run(name), run(name)];
        let merged = Reference::merge(&twice);
        assert!(merged.unstable.is_empty());
        let comparison = compare(&merged, &twice);
        assert!(comparison.passed(), "{comparison}");
        assert!(comparison.rows.len() > 40);
    }
}

#[test]
fn a_part_of_a_recording_is_read_too() {
    let text = unpacked("deployment-create.jsonl.gz");
    let lines: Vec<&str> = text.lines().collect();
    for end in (0..lines.len()).step_by(20) {
        observe(lines[..end].join("\n").as_bytes()).unwrap();
    }
    let cut = &text[..text.len() - 10];
    let error = observe(cut.as_bytes()).unwrap_err().to_string();
    assert!(error.starts_with(&format!("line {} of the recording is no JSON", lines.len())), "{error}");
}

#[test]
fn all_recordings_score_as_with_the_tool() {
    let Some(recordings) = all_recordings() else {
        println!("skipped: no recordings beside the repository");
        return;
    };
    let run = |name: &str| observe_file(&recordings.join(name).join("watch.jsonl.gz")).unwrap();
    for (heading, expect) in golden(&fs::read_to_string(data("scores.txt")).unwrap()) {
        let (name, with) = heading.split_once(" with ").unwrap();
        let text = fs::read_to_string(recordings.join(name).join("observables.json")).unwrap();
        let reference = Reference::read(&text).unwrap();
        let runs = [run(with)];
        let comparison = compare(&reference, &runs);
        let lines = format!("{}\n{}", comparison.kinds_line(), comparison.score_line());
        assert_eq!(lines, expect, "{heading}");
    }
}
