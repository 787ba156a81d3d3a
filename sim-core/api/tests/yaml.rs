//! Text → tree → JSON: what Kubernetes' reader takes, what is refused and where, and that nothing panics.

use std::fmt::Write as _;

use api::diagnostics::Diagnostics;
use api::yaml::{self, Document, DuplicateKeys, Limits, Part};
use proptest::prelude::*;

fn json(text: &str) -> Vec<String> {
    let (documents, diagnostics) = yaml::parse("t.yaml", text.as_bytes(), &Limits::manifests());
    assert!(!diagnostics.has_errors(), "{text:?}: {diagnostics:?}");
    documents.iter().map(|document| document.root().to_json().to_string()).collect()
}

/// What a text is as JSON.
fn check(text: &str, expect: &[&str]) {
    assert_eq!(json(text), expect, "{text:?}");
}

fn places(diagnostics: &Diagnostics) -> Vec<(u32, u32, &str)> {
    diagnostics.iter().map(|d| (d.line, d.column, d.message.as_str())).collect()
}

/// The places of what is wrong with a text; a message is given by a part of it.
fn refuse(bytes: &[u8], limits: &Limits, expect: &[(u32, u32, &str)]) -> Vec<Document> {
    let (documents, diagnostics) = yaml::parse("t.yaml", bytes, limits);
    let found = places(&diagnostics);
    let fits = |(f, e): (&(u32, u32, &str), &(u32, u32, &str))| (f.0, f.1) == (e.0, e.1) && f.2.contains(e.2);
    assert!(
        found.len() == expect.len() && found.iter().zip(expect).all(fits),
        "{:?}: {found:?} is not {expect:?}",
        String::from_utf8_lossy(bytes)
    );
    documents
}

#[test]
fn scalars_become_json_values() {
    check(
        "[y, on, NO, ~, null, NULL, 0777, 0o777, 0x1F, 1_000]",
        &["[true,true,false,null,null,null,511,511,31,1000]"],
    );
    check("[1e3, 3.0, 2.5, 08, .5]", &["[1000,3,2.5,8,0.5]"]);
    check(
        "[0o8, '1:30', 1:30, 2024-01-01, 10Mi, 1e400]",
        &[r#"["0o8","1:30","1:30","2024-01-01","10Mi","1e400"]"#],
    );
    check(r#"['y', "8080", 'null', '', "~", "a\tb\u00e9"]"#, &[r#"["y","8080","null","","~","a\tbé"]"#]);
    check("a: |\n  1\n  2\nb: >-\n  3\n  4\n", &[r#"{"a":"1\n2\n","b":"3 4"}"#]);
    check("[!!str 1, !!int 7, !!float 3, !!binary aGk=, !x 5, !!str yes]", &[r#"["1",7,3,"hi","5","yes"]"#]);
    check("[18446744073709551615, -9223372036854775808]", &["[18446744073709551615,-9223372036854775808]"]);
}

#[test]
fn keys_become_text() {
    check(
        "{1: a, true: b, y: c, 0x10: d, 2024-01-01: e, 1.5: f, 'no': g}",
        &[r#"{"1":"a","1.5":"f","16":"d","2024-01-01":"e","no":"g","true":"c"}"#],
    );
    refuse(b"a:\n  ~: b\n", &Limits::manifests(), &[(2, 3, "null cannot be a key")]);
    refuse(b"a: {{ .Values.a }}\n", &Limits::manifests(), &[(1, 5, "invalid map key")]);
    refuse(
        b"? [a, b]\n: c\nd: {? {e: f} : g}\n",
        &Limits::manifests(),
        &[(1, 3, "invalid map key"), (3, 7, "invalid map key")],
    );
}

#[test]
fn documents() {
    check("", &[]);
    check("# nothing\n---\n# here\n---\n~\n", &[]);
    check("# c\n--- # first\na: 1\n\n--- \nb: 2\n...\n---\n", &[r#"{"a":1}"#, r#"{"b":2}"#]);
    check("\u{feff}a: 1\r\n---\r\nb: 2\r\n", &[r#"{"a":1}"#, r#"{"b":2}"#]);
    check("{\"a\":\t[1,\t2]}\n---\nb: 2\n", &[r#"{"a":[1,2]}"#, r#"{"b":2}"#]);
    check("{\"a\":1}{\"b\":2}\n {\"c\":3,}", &[r#"{"a":1}"#, r#"{"b":2}"#, r#"{"c":3}"#]);
    check(r#"{"a":"\ud83d\ude00\/\u00e9"}"#, &[r#"{"a":"😀/é"}"#]);
}

#[test]
fn a_mistake_hides_no_other_document() {
    let text = b"a: [\n---\nb: 2\n---\n c: 3\nd: 4\n---\ne: 5\n";
    let documents =
        refuse(text, &Limits::manifests(), &[(2, 1, "expected node content"), (6, 1, "document start")]);
    let left: Vec<String> = documents.iter().map(|d| d.root().to_json().to_string()).collect();
    assert_eq!(left, [r#"{"b":2}"#, r#"{"e":5}"#]);
}

#[test]
fn what_yaml_1_2_minds_and_kubernetes_does_not() {
    check("a:\n  b: 'c\n  d\n\n  e'\n  f: [\n    1,\n  ]\n", &[r#"{"a":{"b":"c d\ne","f":[1]}}"#]);
    check("a:\n  b: \"c\nd\"\n", &[r#"{"a":{"b":"c d"}}"#]);
    check(r#"a: ["x\'y", 'it''s']"#, &[r#"{"a":["x'y","it's"]}"#]);
    // Columns are those of the file, not of the text with blanks added.
    refuse(b"a:\n  b: [\n  c, .inf]\n", &Limits::manifests(), &[(3, 6, "unsupported value: .inf")]);
    // Items before the line in question come once.
    check(
        "items:\n- {apiVersion: v1, kind: A}\n- {apiVersion: v1, kind: B\n}\nkind: List\napiVersion: v1\n",
        &[r#"{"apiVersion":"v1","kind":"A"}"#, r#"{"apiVersion":"v1","kind":"B"}"#],
    );
}

#[test]
fn aliases_and_merge_keys() {
    check("a: &x {b: 1}\nc: *x\nd: [*x, &y 2, *y]\n", &[r#"{"a":{"b":1},"c":{"b":1},"d":[{"b":1},2,2]}"#]);
    check("a: &n web\nl: {app: *n, *n : 1}\n", &[r#"{"a":"web","l":{"app":"web","web":1}}"#]);
    check("x: &x {a: 1, b: 1}\nz: {<<: *x, b: 2}\n", &[r#"{"x":{"a":1,"b":1},"z":{"a":1,"b":2}}"#]);
    // goyaml v2: what is merged replaces what stands before it.
    check("x: &x {b: 1}\nz: {b: 2, <<: *x}\n", &[r#"{"x":{"b":1},"z":{"b":1}}"#]);
    check(
        "x: &x {a: 1}\nw: &w {a: 2, b: 3}\nz: {<<: [*x, *w]}\n",
        &[r#"{"w":{"a":2,"b":3},"x":{"a":1},"z":{"a":1,"b":3}}"#],
    );
    check("x: {<<: {<<: {a: 1}, b: 2}}\n'<<': 3\n", &[r#"{"<<":3,"x":{"a":1,"b":2}}"#]);
    check("a: &x 1\nb: *x\nc: &x 2\nd: *x\n", &[r#"{"a":1,"b":1,"c":2,"d":2}"#]);
    let limits = Limits::manifests();
    refuse(b"a: *x\n", &limits, &[(1, 4, "unknown anchor")]);
    refuse(b"a: &x [1, *x]\n", &limits, &[(1, 11, "within the value that its anchor names")]);
    refuse(b"a: &x {b: c}\n---\nd: *x\n", &limits, &[(3, 4, "unknown anchor")]);
    refuse(b"a:\n  <<: b\n", &limits, &[(2, 7, "map merge requires map")]);
    refuse(b"a: &x [1]\nb: {<<: *x}\n", &limits, &[(2, 9, "map merge requires map")]);
    refuse(b"a: {<<: [{}, 1]}\n", &limits, &[(1, 14, "map merge requires map")]);
}

#[test]
fn an_alias_bomb_is_refused() {
    let mut nodes = String::from("a0: &a0 [x, x]\n");
    let mut merges = String::from("a0: &a0 {}\n");
    for level in 1..60 {
        let before = level - 1;
        writeln!(nodes, "a{level}: &a{level} [*a{before}, *a{before}]").expect("a String takes all");
        writeln!(merges, "a{level}: &a{level} {{<<: [*a{before}, *a{before}]}}").expect("a String takes all");
    }
    let large = format!("a: &a \"{}\"\nb: [{}]\n", "x".repeat(1 << 20), "*a, ".repeat(60));
    for (text, message) in [(&nodes, "nodes"), (&merges, "nodes"), (&large, "bytes")] {
        let (documents, diagnostics) = yaml::parse("t.yaml", text.as_bytes(), &Limits::manifests());
        assert!(documents.is_empty());
        assert_eq!(diagnostics.len(), 1);
        assert!(
            diagnostics.iter().all(|d| d.message.contains("aliases expand") && d.message.ends_with(message))
        );
    }
}

#[test]
fn depth_is_limited() {
    for (depth, fits) in [(100, true), (101, false)] {
        for text in ["- ".repeat(depth), format!("{}{}", "[".repeat(depth), "]".repeat(depth))] {
            let (documents, diagnostics) = yaml::parse("t.yaml", text.as_bytes(), &Limits::manifests());
            assert_eq!((documents.len(), diagnostics.has_errors()), (usize::from(fits), !fits), "{text}");
        }
    }
    let aliased =
        format!("a: &a {}1{}\nb: {}*a{}\n", "[".repeat(60), "]".repeat(60), "[".repeat(60), "]".repeat(60));
    refuse(aliased.as_bytes(), &Limits::manifests(), &[(1, 47, "nested deeper than 100 levels")]);
}

#[test]
fn duplicate_keys() {
    let text = b"a: 1\nb: {c: 1, c: 2}\na: 3\na: 4\n";
    let documents = refuse(
        text,
        &Limits::manifests(),
        &[
            (2, 11, "duplicate key \"c\"; the one before is at line 2, column 5; the last one counts"),
            (3, 1, "the one before is at line 1, column 1"),
            (4, 1, "the one before is at line 3, column 1"),
        ],
    );
    assert_eq!(documents[0].root().to_json().to_string(), r#"{"a":4,"b":{"c":2}}"#);
    let documents = refuse(text, &Limits::scenario(), &[(2, 11, "\"c\""), (3, 1, "\"a\""), (4, 1, "\"a\"")]);
    assert_eq!(documents.len(), 1);
    // Many keys take another way.
    let many: String = (0..40).map(|n| format!("k{}: {n}\n", n % 39)).collect();
    refuse(many.as_bytes(), &Limits::scenario(), &[(40, 1, "\"k0\"; the one before is at line 1")]);
}

#[test]
fn bytes_that_are_no_yaml() {
    let limits = Limits::manifests();
    refuse(b"a: b\nc: \xff\n", &limits, &[(2, 4, "not UTF-8")]);
    refuse(b"\xff\xfea\0", &limits, &[(1, 1, "UTF-16")]);
    refuse(b"a: b\nc: \0\n", &limits, &[(2, 4, "control characters are not allowed (U+0000)")]);
    refuse(b"a: \"b\n", &limits, &[(1, 4, "unexpected end of stream")]);
    refuse(b"a:\n\tb: c\n", &limits, &[(2, 2, "tabs disallowed")]);
    refuse(b"%YAML 1.1\n---\na: b\n", &limits, &[(2, 1, "document start")]);
    refuse(b"{\"a\": 1e400}", &limits, &[(1, 7, "out of range")]);
    refuse(b"a: -.inf\n", &limits, &[(1, 4, "unsupported value")]);
    refuse(b"a: !!int x\n", &limits, &[(1, 4, "cannot decode `x` as a !!int")]);
    refuse(b"a: 1\n...\nb: 2\n", &limits, &[(3, 1, "second document")]);
}

#[test]
fn large_documents_are_refused() {
    let limits = Limits { document_bytes: 100, ..Limits::manifests() };
    let long = "x".repeat(101);
    refuse(
        format!("a: {long}\n---\nb: 1\n").as_bytes(),
        &limits,
        &[(1, 105, "this document is larger than 100 bytes")],
    );
    // A list may be larger than its items may be.
    let item = format!("- {{apiVersion: v1, kind: A, n: {}}}\n", "x".repeat(50));
    let list = format!("apiVersion: v1\nitems:\n{}kind: List\n", item.repeat(10));
    let documents = refuse(list.as_bytes(), &limits, &[]);
    assert_eq!(documents.len(), 10);
    let list = list.replace("kind: A", &format!("kind: A, m: {long}"));
    let (_, diagnostics) = yaml::parse("t.yaml", list.as_bytes(), &limits);
    assert!(diagnostics.iter().any(|d| d.message == "this item is larger than 100 bytes"), "{diagnostics:?}");
}

#[test]
fn items_of_lists_are_documents() {
    let text = "kind: List\nitems:\n- apiVersion: v1\n  kind: A\n  m: &m {x: 1}\n- {apiVersion: v1, kind: B, m: *m}\napiVersion: v1\n";
    let (documents, diagnostics) = yaml::parse("t.yaml", text.as_bytes(), &Limits::manifests());
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    assert_eq!(documents[1].part, Part::Item { index: 1, list: None });
    assert_eq!(documents[1].root().to_json().to_string(), r#"{"apiVersion":"v1","kind":"B","m":{"x":1}}"#);
    assert_eq!((documents[1].root().line(), documents[1].root().column()), (6, 3));

    let typed = "items: [{metadata: {name: a}}, {kind: B}]\nkind: ConfigMapList\napiVersion: v1\n";
    let (documents, diagnostics) = yaml::parse("t.yaml", typed.as_bytes(), &Limits::manifests());
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    assert_eq!((documents[0].api_version(), documents[0].kind()), (Some("v1"), Some("ConfigMap")));
    assert_eq!((documents[1].api_version(), documents[1].kind()), (Some("v1"), Some("B")));

    check(
        "apiVersion: x/v1\nkind: Shop\nitems: [{name: a}, b]\nspec: {}\n",
        &[r#"{"apiVersion":"x/v1","items":[{"name":"a"},"b"],"kind":"Shop","spec":{}}"#],
    );
    check("kind: List\nitems: {a: b}\n", &[r#"{"items":{"a":"b"},"kind":"List"}"#]);
    check("kind: List\nitems: []\n", &[r#"{"items":[],"kind":"List"}"#]);
    let whole = Limits { split_lists: false, ..Limits::manifests() };
    assert_eq!(yaml::parse("t.yaml", text.as_bytes(), &whole).0.len(), 1);
    let item = "items: [{apiVersion: v1, kind: A}]\n";
    refuse(item.as_bytes(), &Limits::manifests(), &[(1, 1, "kind not set")]);
    refuse(format!("kind: List\n{item}").as_bytes(), &Limits::manifests(), &[(1, 1, "apiVersion not set")]);
}

#[test]
fn nodes() {
    let (documents, _) = yaml::parse("t.yaml", b"a: 1\nb:\n- x\n- {c: yes}\nd: 2.5\n", &Limits::scenario());
    let root = documents[0].root();
    assert_eq!(root.entries().map(|(key, _)| key.text()).collect::<Vec<_>>(), ["a", "b", "d"]);
    let list = root.get("b").expect("b");
    assert_eq!(list.items().map(|item| (item.line(), item.column())).collect::<Vec<_>>(), [(3, 3), (4, 3)]);
    let yes = list.items().nth(1).and_then(|item| item.get("c")).expect("c");
    assert_eq!((yes.as_bool(), yes.as_str(), yes.text(), yes.column()), (Some(true), None, "yes", 7));
    assert_eq!(root.get("a").and_then(|node| node.as_i64()), Some(1));
    assert_eq!(root.get("d").and_then(|node| node.as_i64()), None);
    assert!(root.get("z").is_none() && yes.items().next().is_none() && list.entries().next().is_none());
    let error = yes.error("no");
    assert_eq!((&*error.file, error.line, error.column, error.length), ("t.yaml", 4, 7, 3));
}

/// Pieces that YAML consists of, so that random texts reach deep.
fn yamlish() -> impl Strategy<Value = String> {
    let pieces = [
        "a: ",
        "b",
        ": ",
        "- ",
        "\n",
        "\n  ",
        "\n    ",
        "[",
        "]",
        "{",
        "}",
        ", ",
        "'",
        "\"",
        "&x ",
        "*x",
        "<<: ",
        "# ",
        "|\n",
        ">-\n",
        "---\n",
        "...\n",
        "? ",
        "!!int ",
        "!x ",
        "0x1F",
        "1e3",
        "~",
        "\t",
        "\\'",
        "\\u12",
        "é",
        "%",
        "items:\n",
        "kind: List\n",
        "apiVersion: v1\n",
        "\r\n",
        "{\"a\":",
        "}{",
        "@",
        "`",
        "\u{feff}",
        "\u{85}",
    ];
    proptest::collection::vec(proptest::sample::select(pieces.to_vec()), 0..60)
        .prop_map(|pieces| pieces.concat())
}

fn survives(bytes: &[u8]) -> Result<(), TestCaseError> {
    let lines = u32::try_from(bytes.len() + 2).unwrap_or(u32::MAX);
    for limits in [Limits::manifests(), Limits::scenario()] {
        let (documents, diagnostics) = yaml::parse("t.yaml", bytes, &limits);
        for document in &documents {
            document.root().to_json();
        }
        for d in &diagnostics {
            prop_assert!((1..=lines).contains(&d.line) && d.column >= 1 && d.length >= 1, "{d:?}");
        }
        if limits.duplicate_keys == DuplicateKeys::LastWins && !diagnostics.has_errors() {
            // What was read is the same when it is written as JSON and read again.
            for document in documents.iter().filter(|d| d.part == Part::Whole) {
                let text = document.root().to_json().to_string();
                let whole = Limits { split_lists: false, ..limits };
                let (again, _) = yaml::parse("t.json", text.as_bytes(), &whole);
                prop_assert_eq!(again.first().map(|d| d.root().to_json()), Some(document.root().to_json()));
            }
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn random_bytes_do_not_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        survives(&bytes)?;
    }

    #[test]
    fn random_yaml_does_not_panic(text in yamlish()) {
        survives(text.as_bytes())?;
    }
}
