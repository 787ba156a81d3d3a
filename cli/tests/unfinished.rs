//! A run that does not come to its end leaves nothing that looks complete.

mod support;

use std::process::{Child, Command};

use support::{Folder, Outcome};

/// A hundred nodes for ten years: nobody waits for its end.
const ENDLESS: [&str; 6] = ["--until", "87000h", "--out", "run", "--record", "watch.jsonl"];

/// Starts it and waits until it writes.
fn begun(folder: &Folder) -> Child {
    folder.write(
        "web.yaml",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: c, image: i}]}\n",
    );
    let words = ["run", "-f", "web.yaml", "--nodes", "100", "--for", "87600h"];
    let mut child = folder.command(&[&words[..], &ENDLESS[..]].concat()).spawn().expect("it starts");
    let journal = folder.path(&format!("run.{}.tmp/journal.wavetank", child.id()));
    while !journal.exists() {
        assert_eq!(child.try_wait().expect("it can be asked"), None, "it has ended before it wrote");
        std::thread::yield_now();
    }
    child
}

#[test]
fn a_killed_run_leaves_nothing_that_looks_complete() {
    let folder = Folder::new("killed");
    let mut child = begun(&folder);
    child.kill().expect("it is ours");
    assert!(!child.wait().expect("it ends").success());
    let left: Vec<String> = folder.names();
    assert!(left.iter().all(|name| name == "web.yaml" || name.ends_with(".tmp")), "{left:?}");
    folder.bad("get pods", 2, &["which run?"]);
    let temporary = format!("run.{}.tmp", child.id());
    folder.bad(&format!("get pods --run {temporary}"), 2, &["is no finished run"]);
    // What is left is in nobody's way.
    folder.good("run @deployment-create --out run --record watch.jsonl");
    folder.good("replay run");
    assert!(folder.names().contains(&temporary));
}

#[test]
#[cfg(unix)]
fn an_interrupted_run_cleans_up() {
    for signal in ["INT", "TERM"] {
        let folder = Folder::new(&format!("interrupted-{signal}"));
        let child = begun(&folder);
        let sent = Command::new("kill").arg(format!("-{signal}")).arg(child.id().to_string()).status();
        assert!(sent.expect("there is kill").success());
        let outcome = Outcome::of(child.wait_with_output().expect("it ends"));
        assert_eq!((outcome.status, outcome.stdout.as_str()), (Some(130), ""), "{outcome:?}");
        assert!(outcome.stderr.ends_with("error: interrupted\n"), "{outcome:?}");
        assert_eq!(folder.names(), ["web.yaml"], "{signal}");
    }
}

#[test]
fn a_finished_run_is_replaced_as_a_whole() {
    let folder = Folder::new("replaced");
    folder.good("run @deployment-create --out run");
    folder.write("run/mine.txt", "of an earlier look");
    let first = folder.files("run");
    let failed = folder.run("run @deployment-create --out run --until 2h");
    assert_eq!((failed.status, folder.files("run")), (Some(2), first.clone()));
    folder.good("run @deployment-create --out run --seed 5");
    let second = folder.files("run");
    assert!(!second.keys().any(|path| path.ends_with("mine.txt")) && first != second);
    assert_eq!(folder.names(), [".wavetank", "run"]);
    std::fs::create_dir(folder.path("empty")).expect("it can be made");
    folder.good("run @deployment-create --out empty --seed 5");
    folder.good("run @deployment-create --out a/b/c --seed 5");
    assert!(folder.files("empty") == second && folder.files("a/b/c") == second);
}

#[test]
fn a_changed_input_is_noticed_by_replay() {
    let folder = Folder::new("replay");
    folder.good("run @rolling-update --out run --seed 5 --until 90s");
    let again = folder.good("replay run");
    assert!(again.starts_with("same: "), "{again}");
    let input = folder.path("run/inputs/0000-_rolling-update");
    let text = std::fs::read_to_string(&input).expect("it is kept");
    std::fs::write(&input, text.replace("replicas: 6", "replicas: 5")).expect("it can be written");
    let outcome = folder.run("replay run");
    assert_eq!(outcome.status, Some(1), "{outcome:?}");
    assert!(outcome.stdout.starts_with("different: hash "), "{outcome:?}");
    assert!(outcome.stderr.contains("error: the run went another way"), "{outcome:?}");
}
