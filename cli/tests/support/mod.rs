//! What the tests of the binary share: a folder of their own, and commands in it.
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A folder that is empty at the beginning of a test.
pub struct Folder(PathBuf);

impl Folder {
    /// `name` is that of the test.
    pub fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("the target folder can be written");
        Self(path)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a file lies in a folder")).expect("the folder can be made");
        fs::write(path, bytes).expect("the file can be written");
    }

    /// Names of what lies in it, sorted.
    pub fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).expect("the folder is there");
        let mut names: Vec<String> = entries
            .map(|entry| entry.expect("it can be read").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    /// All files below a folder in it, with their bytes.
    pub fn files(&self, name: &str) -> BTreeMap<PathBuf, Vec<u8>> {
        let root = self.path(name);
        let (mut files, mut open) = (BTreeMap::new(), vec![root.clone()]);
        while let Some(folder) = open.pop() {
            for entry in fs::read_dir(&folder).expect("the folder is there") {
                let path = entry.expect("it can be read").path();
                if path.is_dir() {
                    open.push(path);
                } else {
                    let below = path.strip_prefix(&root).expect("it is below").to_owned();
                    files.insert(below, fs::read(&path).expect("it can be read"));
                }
            }
        }
        files
    }

    /// `wavetank` with these words, in this folder.
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wavetank"));
        command
            .args(words)
            .current_dir(&self.0)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command.env_remove("WAVETANK_RUN").env_remove("CLICOLOR_FORCE");
        command
    }

    /// Runs a line of words without spaces in them.
    pub fn run(&self, line: &str) -> Outcome {
        let words: Vec<&str> = line.split_whitespace().collect();
        Outcome::of(self.command(&words).output().expect("the binary can be started"))
    }

    /// Runs a line that must succeed, and gives what it printed.
    pub fn good(&self, line: &str) -> String {
        let outcome = self.run(line);
        assert_eq!(outcome.status, Some(0), "{line}\n{}", outcome.stderr);
        outcome.stdout
    }

    /// Runs a line that must end with `status`, print nothing as a result, and say each of `expect`.
    pub fn bad(&self, line: &str, status: i32, expect: &[&str]) {
        let before = self.names();
        let outcome = self.run(line);
        assert_eq!(
            (outcome.status, outcome.stdout.as_str()),
            (Some(status), ""),
            "{line}\n{}",
            outcome.stderr
        );
        for part in expect {
            assert!(outcome.stderr.contains(part), "{line}\n{}\nhas no\n{part}", outcome.stderr);
        }
        assert_eq!(self.names(), before, "{line} has left something");
    }
}

/// What a command printed, and its exit status.
#[derive(Debug)]
pub struct Outcome {
    pub stdout: String,
    pub stderr: String,
    pub status: Option<i32>,
}

impl Outcome {
    pub fn of(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("the binary prints UTF-8");
        Self { stdout: text(output.stdout), stderr: text(output.stderr), status: output.status.code() }
    }
}
