//! What kubectl lines print and ask, against a server of a few lines.
//!
//! Source: controllers.md 3.12 and recorded answers of kubectl v1.36.2 to most of these lines; those about conflicts,
//! `-L`, `-A` and what is not modelled yet have no recorded counterpart.

mod server;

use api::Kind;
use client::Input;
use kubectl::Command;
use serde_json::{Value, json};
use server::Server;

fn deployment(name: &str, image: &str) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": name, "labels": {"app": name}},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"containers": [{"name": name, "image": image}]},
            },
        },
    })
}

fn config_map(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"a": "1"}})
}

fn placed(mut object: Value) -> Value {
    object["metadata"]["namespace"] = json!("testing");
    object
}

/// A server with these objects in the namespace `testing`.
fn server(objects: &[Value]) -> Server {
    let mut server = Server::default();
    objects.iter().cloned().for_each(|object| server.put(placed(object)));
    server
}

#[track_caller]
fn check(server: &mut Server, line: &str, files: &[(&str, Value)], expect: (&str, &str, i32)) {
    let got = server.run(line, files);
    assert_eq!((got.stdout.as_str(), got.stderr.as_str(), got.status), expect, "{line}");
    assert_eq!(got.line, line);
}

#[test]
fn apply_creates_changes_and_leaves_alone() {
    let mut server = server(&[]);
    let (one, two) = ([("a.yaml", deployment("web", "x:1"))], [("a.yaml", deployment("web", "x:2"))]);
    check(&mut server, "apply -f a.yaml", &one, ("deployment.apps/web created\n", "", 0));
    check(&mut server, "apply -f a.yaml", &one, ("deployment.apps/web unchanged\n", "", 0));
    check(&mut server, "scale deploy/web --replicas=5", &[], ("deployment.apps/web scaled\n", "", 0));
    check(&mut server, "apply -f a.yaml", &two, ("deployment.apps/web configured\n", "", 0));
    let got = server.object(Kind::Deployment, "testing", "web").expect("it exists");
    assert_eq!(got["spec"]["template"]["spec"]["containers"][0]["image"], "x:2");
    assert_eq!(got["spec"]["replicas"], 2);
    let asked = ["get", "create", "get", "get", "patch", "get", "patch"];
    assert_eq!(server.asked, asked.map(|verb| format!("{verb} deployments/web")));
}

#[test]
fn apply_keeps_what_it_applied_in_an_annotation() {
    let mut server = server(&[]);
    check(&mut server, "apply -f a", &[("a", config_map("conf"))], ("configmap/conf created\n", "", 0));
    let got = server.object(Kind::ConfigMap, "testing", "conf").expect("it exists");
    let expect = r#"{"apiVersion":"v1","data":{"a":"1"},"kind":"ConfigMap","metadata":{"annotations":{},"name":"conf","namespace":"testing"}}"#;
    let annotation = &got["metadata"]["annotations"]["kubectl.kubernetes.io/last-applied-configuration"];
    assert_eq!(*annotation, json!(format!("{expect}\n")));
}

#[test]
fn apply_takes_away_what_it_no_longer_says() {
    let mut server = server(&[]);
    let mut file = config_map("conf");
    file["data"]["b"] = json!("2");
    server.run("apply -f a", &[("a", file)]);
    server.run("apply -f a", &[("a", config_map("conf"))]);
    let got = server.object(Kind::ConfigMap, "testing", "conf").expect("it exists");
    assert_eq!(got["data"], json!({"a": "1"}));
}

#[test]
fn apply_says_what_is_odd_or_wrong() {
    let mut server = server(&[config_map("conf"), deployment("web", "x:1")]);
    let warning = |resource: &str| {
        format!(
            "Warning: resource {resource} is missing the kubectl.kubernetes.io/last-applied-configuration annotation which \
             is required by kubectl apply. kubectl apply should only be used on resources created declaratively by either \
             kubectl create --save-config or kubectl apply. The missing annotation will be patched automatically.\n"
        )
    };
    let conf = [("a.yaml", config_map("conf"))];
    let expect = ("configmap/conf configured\n", warning("configmaps/conf"), 0);
    check(&mut server, "apply -f a.yaml", &conf, (expect.0, &expect.1, expect.2));
    let mut other = deployment("web", "x:1");
    other["spec"]["selector"]["matchLabels"]["v"] = json!("2");
    let stderr = warning("deployments/web")
        + "The Deployment \"web\" is invalid: spec.selector: Invalid value: \
           {\"matchLabels\":{\"app\":\"web\",\"v\":\"2\"}}: field is immutable\n";
    check(&mut server, "apply -f b.yaml", &[("b.yaml", other)], ("", &stderr, 1));
    let mut elsewhere = config_map("conf");
    elsewhere["metadata"]["namespace"] = json!("kube-public");
    let stderr = "error: the namespace from the provided object \"kube-public\" does not match the namespace \"kube-system\". \
                  You must pass '--namespace=kube-public' to perform this operation.\n";
    check(&mut server, "apply -n kube-system -f c", &[("c", elsewhere)], ("", stderr, 1));
    check(&mut server, "apply -f none", &[], ("", "error: no objects passed to apply\n", 1));
}

#[test]
fn apply_tries_conflicts_again() {
    let mut server = server(&[]);
    server.run("apply -f a", &[("a", deployment("web", "x:1"))]);
    server.asked.clear();
    server.conflicts = 3;
    let two = [("a", deployment("web", "x:2"))];
    check(&mut server, "apply -f a", &two, ("deployment.apps/web configured\n", "", 0));
    assert_eq!(server.asked.len(), 8, "{:?}", server.asked);
    server.conflicts = 10;
    let got = server.run("apply -f a", &[("a", deployment("web", "x:3"))]);
    assert_eq!((got.stdout.as_str(), got.status), ("", 1));
    let begin = "Error from server (Conflict): error when applying patch:\n{\"metadata\":{\"annotations\":{";
    let end = "}\nto:\nResource: \"apps/v1, Resource=deployments\", GroupVersionKind: \"apps/v1, Kind=Deployment\"\nName: \
               \"web\", Namespace: \"testing\"\nfor: \"a\": error when patching \"a\": Operation cannot be fulfilled on \
               deployments.apps \"web\": the object has been modified; please apply your changes to the latest version and \
               try again\n";
    assert!(got.stderr.starts_with(begin) && got.stderr.ends_with(end), "{}", got.stderr);
}

#[test]
fn apply_with_flags() {
    let mut server = server(&[]);
    let mut two = config_map("two");
    two["metadata"]["labels"] = json!({"env": "prod"});
    let files = [("a.yaml", config_map("one")), ("b.yaml", two)];
    check(
        &mut server,
        "apply -f a.yaml,b.yaml -l env=prod --dry-run=client",
        &files,
        ("configmap/two created (dry run)\n", "", 0),
    );
    check(
        &mut server,
        "apply -f a.yaml -f b.yaml -o name",
        &files,
        ("configmap/one\nconfigmap/two\n", "", 0),
    );
    let mut immutable = deployment("web", "x:1");
    server.run("apply -f c", &[("c", immutable.clone())]);
    immutable["spec"]["selector"]["matchLabels"] = json!({"app": "other"});
    immutable["spec"]["template"]["metadata"]["labels"] = json!({"app": "other"});
    check(
        &mut server,
        "apply -f c --force",
        &[("c", immutable)],
        ("deployment.apps/web configured\n", "", 0),
    );
}

#[test]
fn scale() {
    let mut server = server(&[deployment("web", "x:1"), deployment("api", "x:1"), config_map("conf")]);
    let not_found = "Error from server (NotFound): deployments.apps \"nothing\" not found\n";
    let no_scale = "Error from server (NotFound): the server could not find the requested resource\n";
    for (line, expect) in [
        (
            "scale deploy/web deploy/api --replicas=4",
            ("deployment.apps/web scaled\ndeployment.apps/api scaled\n", "", 0),
        ),
        (
            "scale deployment --all --replicas=3",
            ("deployment.apps/api scaled\ndeployment.apps/web scaled\n", "", 0),
        ),
        ("scale deploy/web deploy/nothing --replicas=1", ("deployment.apps/web scaled\n", not_found, 1)),
        (
            "scale deployment web --current-replicas=7 --replicas=3",
            ("", "error: Expected replicas to be 7, was 1\n", 1),
        ),
        ("scale deployment web --current-replicas=1 --replicas=3", ("deployment.apps/web scaled\n", "", 0)),
        ("scale cm conf --replicas=3", ("", no_scale, 1)),
        ("scale deploy -l app=none --replicas=3", ("", "error: no objects passed to scale\n", 1)),
        ("scale deploy/web --replicas=3 -o name", ("deployment.apps/web\n", "", 0)),
        ("scale deploy/web --replicas=9 --dry-run=client", ("deployment.apps/web scaled (dry run)\n", "", 0)),
    ] {
        check(&mut server, line, &[], expect);
    }
    let got = server.object(Kind::Deployment, "testing", "web").expect("it exists");
    assert_eq!(got["spec"]["replicas"], 3);
}

#[test]
fn set_image() {
    let mut server = server(&[deployment("web", "x:1"), deployment("api", "x:1")]);
    for (line, expect) in [
        ("set image deployment/web web=x:1", ("", "", 0)),
        ("set image deployment/web web=x:2", ("deployment.apps/web image updated\n", "", 0)),
        (
            "set image deployments '*=x:9' --all",
            ("deployment.apps/api image updated\ndeployment.apps/web image updated\n", "", 0),
        ),
        (
            "set image deployment/web web=x:2 nothing=a:1",
            ("deployment.apps/web image updated\n", "error: unable to find container named \"nothing\"\n", 1),
        ),
        (
            "set image deployment/none web=x:2",
            ("", "Error from server (NotFound): deployments.apps \"none\" not found\n", 1),
        ),
    ] {
        check(&mut server, line, &[], expect);
    }
    let got = server.object(Kind::Deployment, "testing", "web").expect("it exists");
    assert_eq!(got["spec"]["template"]["spec"]["containers"][0]["image"], "x:2");
}

#[test]
fn delete() {
    let objects = ["one", "two", "three", "four", "five"].map(config_map);
    let mut server = server(&objects);
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "solo"},
        "spec": {"containers": [{"name": "a", "image": "x"}]}});
    server.put(placed(pod));
    server.put(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}));
    server.put(placed(deployment("web", "x")));
    let not_found = "Error from server (NotFound): configmaps \"nothing\" not found\n";
    for (line, expect) in [
        (
            "delete cm one two nothing",
            (
                "configmap \"one\" deleted from testing namespace\nconfigmap \"two\" deleted from testing namespace\n",
                not_found,
                1,
            ),
        ),
        ("delete configmap nothing --ignore-not-found", ("", "", 0)),
        ("delete secrets --all", ("No resources found\n", "", 0)),
        ("delete cm -l env=nothing", ("No resources found\n", "", 0)),
        ("delete -f a.yaml", ("configmap \"three\" deleted from testing namespace\n", "", 0)),
        (
            "delete pod solo --force",
            (
                "pod \"solo\" force deleted from testing namespace\n",
                "Warning: Immediate deletion does not wait for confirmation that the running resource has been terminated. \
                 The resource may continue to run on the cluster indefinitely.\n",
                0,
            ),
        ),
        (
            "delete deployment web --cascade=true",
            (
                "deployment.apps \"web\" deleted from testing namespace\n",
                "warning: --cascade=true is deprecated (boolean value) and can be replaced with --cascade=background.\n",
                0,
            ),
        ),
        ("delete namespace shop", ("namespace \"shop\" deleted\n", "", 0)),
        ("delete cm four -o name", ("configmap/four\n", "", 0)),
        ("delete cm --all", ("configmap \"five\" deleted from testing namespace\n", "", 0)),
        (
            "delete -f a.yaml",
            (
                "",
                "Error from server (NotFound): error when deleting \"a.yaml\": configmaps \"three\" not found\n",
                1,
            ),
        ),
    ] {
        check(&mut server, line, &[("a.yaml", config_map("three"))], expect);
    }
}

#[test]
fn delete_waits_until_the_object_is_gone() {
    let mut stays = config_map("conf");
    stays["metadata"]["finalizers"] = json!(["example.com/x"]);
    let mut server = server(&[stays.clone(), config_map("two")]);
    let mut run = server.begin("delete cm conf two", &[]);
    assert_eq!(run.outcome(), None);
    assert_eq!(
        run.waits_for().map(|(kind, key)| (kind, key.to_string())),
        Some((Kind::ConfigMap, "testing/conf".to_owned()))
    );
    let other = server.finish(Kind::ConfigMap, "testing", "conf");
    let mut unrelated = other.clone();
    unrelated.object.meta_mut().name = "else".into();
    server.turn(&mut run, Some(Input::Watch(unrelated)));
    assert_eq!(run.outcome(), None);
    server.turn(&mut run, Some(Input::Watch(other)));
    let expect = "configmap \"conf\" deleted from testing namespace\nconfigmap \"two\" deleted from testing namespace\n";
    assert_eq!(run.outcome().map(|o| (o.stdout.as_str(), o.status)), Some((expect, 0)));

    server.put(placed(stays));
    check(
        &mut server,
        "delete cm conf --wait=false",
        &[],
        ("configmap \"conf\" deleted from testing namespace\n", "", 0),
    );
    let mut run = server.begin("delete cm conf --timeout=1s", &[]);
    let timer = server.long_wait.expect("it waits");
    server.turn(&mut run, Some(Input::Timer(timer)));
    let late = run.outcome().expect("it has ended");
    assert_eq!(late.stderr, "error: timed out waiting for the condition on configmaps/conf\n");
    assert_eq!(late.status, 1);
}

#[test]
fn get() {
    let mut labelled = config_map("one");
    labelled["metadata"]["labels"] = json!({"env": "prod", "team": "red"});
    let mut server = server(&[labelled, config_map("two"), deployment("web", "x:1")]);
    let header = "NAME   DATA   AGE\n";
    for (line, expect) in [
        ("get cm", (format!("{header}one    1      0s\ntwo    1      0s\n"), "", 0)),
        ("get cm one --no-headers", ("one   1     0s\n".to_owned(), "", 0)),
        (
            "get cm one --show-labels",
            ("NAME   DATA   AGE   LABELS\none    1      0s    env=prod,team=red\n".to_owned(), "", 0),
        ),
        (
            "get cm -L env,x/team",
            ("NAME   DATA   AGE   ENV    TEAM\none    1      0s    prod   \ntwo    1      0s           \n".to_owned(), "", 0),
        ),
        (
            "get cm -A -l env=prod",
            ("NAMESPACE   NAME   DATA   AGE\ntesting     one    1      0s\n".to_owned(), "", 0),
        ),
        ("get deploy,cm -o name", ("deployment.apps/web\nconfigmap/one\nconfigmap/two\n".to_owned(), "", 0)),
        (
            "get deploy/web cm/one",
            (
                "NAME                  READY   UP-TO-DATE   AVAILABLE   AGE\ndeployment.apps/web   0/2     0            0           \
                 0s\n\nNAME            DATA   AGE\nconfigmap/one   1      0s\n"
                    .to_owned(),
                "",
                0,
            ),
        ),
        ("get pods", (String::new(), "No resources found in testing namespace.\n", 0)),
        ("get nodes", (String::new(), "No resources found\n", 0)),
        ("get pod x --ignore-not-found", (String::new(), "", 0)),
        (
            "get cm one nothing -o name",
            ("configmap/one\n".to_owned(), "Error from server (NotFound): configmaps \"nothing\" not found\n", 1),
        ),
    ] {
        let (stdout, stderr, status) = expect;
        check(&mut server, line, &[], (&stdout, stderr, status));
    }
}

#[test]
fn get_whole_objects() {
    let mut server = server(&[config_map("one")]);
    let yaml = "apiVersion: v1\ndata:\n  a: \"1\"\nkind: ConfigMap\nmetadata:\n  creationTimestamp: \"2026-01-01T00:00:00Z\"\n  \
                name: one\n  namespace: testing\n  resourceVersion: \"1\"\n  uid: 00000000-0000-4000-8000-000000000001\n";
    check(&mut server, "get cm one -o yaml", &[], (yaml, "", 0));
    let indented: String = yaml.lines().map(|line| format!("  {line}\n")).collect();
    let list = format!(
        "apiVersion: v1\nitems:\n- {}kind: List\nmetadata:\n  resourceVersion: \"\"\n",
        &indented[2..]
    );
    check(&mut server, "get cm -o yaml", &[], (&list, "", 0));
    let json = server.run("get cm one -o json", &[]).stdout;
    assert!(
        json.starts_with("{\n    \"apiVersion\": \"v1\",\n    \"data\": {\n        \"a\": \"1\"\n    },\n"),
        "{json}"
    );
}

#[test]
fn what_is_refused_before_anything_is_asked() {
    for (line, stderr) in [
        ("scale deployment web", "error: required flag(s) \"replicas\" not set\n"),
        (
            "scale deployment web --replicas=-1",
            "error: The --replicas=COUNT flag is required, and COUNT must be greater than or equal to 0\n",
        ),
        (
            "scale deploy web --replica=3",
            "error: unknown flag: --replica\nSee 'kubectl scale --help' for usage.\n",
        ),
        ("apply", "error: must specify one of -f and -k\n"),
        (
            "apply --validate=maybe -f a",
            "error: invalid - validate option \"maybe\"; must be one of: strict (or true), warn, ignore (or false)\n",
        ),
        ("delete cm one --all", "error: name cannot be provided when a selector is specified\n"),
        ("delete gadgets --all", "error: the server doesn't have a resource type \"gadgets\"\n"),
        ("delete pods", "error: resource(s) were provided, but no name was specified\n"),
        ("set image deploy web=x:3", "error: resource(s) were provided, but no name was specified\n"),
        ("set image deploy/web", "error: at least one image update is required\n"),
        ("get pods --watch", "error: the flag --watch of kubectl get is not modelled yet\n"),
        ("get pods -o jsonpath={.items}", "error: -o jsonpath is not modelled yet\n"),
        ("rollout status deploy/web", "error: kubectl rollout is not modelled yet\n"),
        (
            "-n testing gett pods",
            "error: unknown command \"gett\" for \"kubectl\"\n\nDid you mean this?\n\tset\n\tget\n",
        ),
        ("get 'pods", "error: a quote (') is not closed\n"),
    ] {
        let error = Command::parse(line).map(|command| command.line).expect_err(line);
        assert_eq!((error.stderr.as_str(), error.status), (stderr, 1), "{line}");
    }
}

#[test]
fn flags_of_every_command_may_come_first() {
    for line in
        ["-n testing get --no-headers=true cm one", "--namespace=testing get cm one", "get cm one -ntesting"]
    {
        let command = Command::parse(line).unwrap_or_else(|error| panic!("{line}: {error}"));
        assert_eq!(command.namespace.as_deref(), Some("testing"), "{line}");
    }
    let command = Command::parse("kubectl apply -f a.yaml,b.yaml -f -").expect("a command");
    assert_eq!(command.files(), ["a.yaml", "b.yaml", "-"]);
    assert!(command.is_write() && !Command::parse("get pods").expect("a command").is_write());
}
