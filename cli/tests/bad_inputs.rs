//! What cannot be used is refused at once, with its place, and nothing is left behind.

mod support;

use support::Folder;

const POD: &str =
    "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n  - name: c\n    image: i\n";

#[test]
fn broken_files_are_refused_with_their_place() {
    let folder = Folder::new("broken");
    let check = |name: &str, bytes: &[u8], expect: &[&str]| {
        folder.write(name, bytes);
        for line in [format!("run -f {name} --out out --record r.jsonl"), format!("schedule -f {name}")] {
            folder.bad(&line, 2, expect);
        }
    };
    check(
        "truncated.yaml",
        b"apiVersion: v1\nkind: Pod\nmetadata: {name: a, labels: {",
        &["error: ", "truncated.yaml:3:"],
    );
    check("alias.yaml", alias_bomb().as_bytes(), &["error: ", "alias.yaml:"]);
    check("text.yaml", b"kind: \xff\xfe\n", &["error: ", "UTF-8", "text.yaml:1:"]);
    check("deep.yaml", "[".repeat(100_000).as_bytes(), &["error: ", "deep.yaml:1:"]);
    let no_quantity = format!("{POD}    resources: {{requests: {{cpu: 1 core}}}}\n");
    check("quantity.yaml", no_quantity.as_bytes(), &["error: ", "quantity.yaml:8:", "1 core"]);
    check("cycle.yaml", owner_cycle().as_bytes(), &["error: ", "cycle.yaml:", "owner"]);
    let unknown = POD.replace("image: i", "imagee: i");
    check(
        "unknown.yaml",
        unknown.as_bytes(),
        &["unknown.yaml:7:5\n", "7 |     imagee: i\n", "did you mean \"image\"?"],
    );
}

/// Nine levels of nine aliases each: 9^9 values.
fn alias_bomb() -> String {
    let level = |at: usize| {
        let aliases = vec![format!("*a{}", at - 1); 9].join(", ");
        format!("a{at}: &a{at} [{aliases}]\n")
    };
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\na0: &a0 [x]\n".to_owned()
        + &(1..10).map(level).collect::<String>()
}

fn owner_cycle() -> String {
    let set = |name: &str, owner: &str| {
        format!(
            "---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n  ownerReferences:\n  - {{apiVersion: v1, \
             kind: ConfigMap, name: {owner}, uid: x}}\n"
        )
    };
    set("a", "b") + &set("b", "a")
}

#[test]
fn all_errors_are_shown_at_once() {
    let folder = Folder::new("all-at-once");
    folder.write("s.yaml", "apiVersion: wavetank.dev/v1alpha1\nkind: Scenario\nmetadata: {name: s}\nspec:\n  duraton: 1m\n  seed: -1\n  duration: 9000000h\n  cluster: {nodes: [{name: node, capacity: {cpu: -4}}]}\n");
    folder.bad(
        "validate s.yaml",
        2,
        &[
            "s.yaml:5:3\n",
            "did you mean \"duration\"?",
            "s.yaml:6:9\n",
            "s.yaml:7:13\n",
            "s.yaml:8:",
            "error: 4 errors\n",
        ],
    );
    folder.bad("run s.yaml", 2, &["error: 4 errors\n"]);
    folder.bad("get pods --run s.yaml", 2, &["error: 4 errors\n"]);
}

#[test]
fn words_that_cannot_be_used_are_refused() {
    let folder = Folder::new("words");
    folder.write("pod.yaml", POD);
    folder.write("none/readme.txt", "");
    let check = |line: &str, expect: &str| folder.bad(line, 2, &[expect]);
    check("run absent.yaml", "error: absent.yaml cannot be read: no such file or directory\n");
    check("run none", "error: none cannot be read: is a folder\n");
    check("run @rolling", "the library has no scenario \"rolling\"; it has deployment-create, ");
    check("scenarios rolling", "the library has no scenario \"rolling\"; it has deployment-create, ");
    check("run -f none", "no manifests in this folder");
    check("run -f pod.yaml --nodes 0", "--> --nodes 0\n");
    check("run -f pod.yaml --node-size 4cpux", "--> --node-size 4cpux\n");
    check("run -f pod.yaml --for 0s", "--> --for 0s\n");
    check("run -f pod.yaml --for 9000000h", "invalid value '9000000h' for '--for <T>'");
    check("run @deployment-create --until 2h", "error: --until 2h0m0s is after the end of the run, 1m0s\n");
    check("run @deployment-create --set cluster.nodes.0.cout=3", "1 | cluster.nodes.0.cout=3\n");
    check("get pods", "error: which run?\n");
    check(
        "get pods --run @deployment-create --at 2h",
        "error: --at 2h0m0s is after the end of the run, 1m0s\n",
    );
    check("get podds --run @deployment-create", "error: the server doesn't have a resource type \"podds\"\n");
    check(
        "get pods -o xml --run @deployment-create",
        "error: unable to match a printer suitable for the output format \"xml\"",
    );
    check("get pods --run absent.jsonl", "error: absent.jsonl cannot be read: no such file or directory\n");
    check("get pods --run none", "error: none is no finished run: it has no run.json\n");
    check("replay none", "error: none is no finished run: it has no run.json\n");
}

#[test]
fn what_is_damaged_is_refused() {
    let folder = Folder::new("damaged");
    folder.good("run @deployment-create --out run");
    let journal = std::fs::read(folder.path("run/journal.wavetank")).expect("it is there");
    let check = |bytes: &[u8], expect: &str| {
        folder.write("run/journal.wavetank", bytes);
        folder.bad("get pods --run run", 2, &["error: run/journal.wavetank: ", expect]);
    };
    check(&journal[..journal.len() - 1], "not finished");
    check(b"something else altogether", "no journal");
    folder.write("run/run.json", "{}");
    folder.bad("get pods --run run", 2, &["run/run.json is of no run that this version can read"]);
    folder.write("watch.jsonl", "{\"t\":0,\"type\":\"ADDED\",\"object\":{}}\nnothing\n");
    folder.bad(
        "get pods --run watch.jsonl",
        2,
        &["error: watch.jsonl:2: this is no line of a watch recording"],
    );
    folder.write("watch.jsonl.gz", "no gzip");
    folder.bad("get pods --run watch.jsonl.gz", 2, &["error: watch.jsonl.gz:1: "]);
}

#[test]
fn folders_of_others_are_not_touched() {
    let folder = Folder::new("others");
    folder.write("full/letter.txt", "dear reader");
    folder.write("claimed/run.json", "{\"name\": \"another program's\"}");
    folder.write("file", "");
    let before = (folder.files("full"), folder.files("claimed"));
    folder.bad("run @deployment-create --out full", 2, &["not empty", "help: "]);
    folder.bad("run @deployment-create --out claimed", 2, &["something else than a run of wavetank"]);
    folder.bad("run @deployment-create --out file", 2, &["something else than a folder"]);
    folder.bad("run @deployment-create --out .", 2, &["cannot be replaced"]);
    folder.bad("run @deployment-create --out ..", 2, &["cannot be replaced"]);
    folder.bad("run @deployment-create --record full", 2, &["there is a folder"]);
    folder.bad("run @deployment-create --out run --record run/r.jsonl", 2, &["the folder of --out"]);
    assert_eq!((folder.files("full"), folder.files("claimed")), before);
}

#[test]
fn what_cannot_be_written_is_said() {
    let folder = Folder::new("unwritable");
    folder.write("file", "");
    folder.bad(
        "run @deployment-create --out file/run",
        3,
        &["error: cannot write file/run: not a directory\n"],
    );
    folder.bad(
        "run @deployment-create --record file/r.jsonl",
        3,
        &["error: cannot write file/r.jsonl: not a directory\n"],
    );
    // Folders that were made for a run that then fails go with it.
    folder.bad(
        "run @deployment-create --out new/run --record file/r.jsonl",
        3,
        &["cannot write file/r.jsonl"],
    );
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_device_is_said() {
    let folder = Folder::new("full-device");
    folder.bad(
        "run @deployment-create --record /dev/full",
        3,
        &["error: cannot write /dev/full: no space left on device\n"],
    );
    let full = std::fs::File::options().write(true).open("/dev/full").expect("Linux has it");
    let outcome = folder.command(&["scenarios"]).stdout(full).output().expect("it starts");
    assert_eq!(outcome.status.code(), Some(3));
}
