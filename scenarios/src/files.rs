//! Where the bytes come from: a file system, standard input, or the saved inputs of a run.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Reads files by the paths that a user gives. `-` is standard input.
pub trait Files {
    /// The names of the files in a folder, in any order, without those of its sub-folders.
    ///
    /// # Errors
    /// If `dir` is no folder or cannot be read: why, in words.
    fn list(&self, dir: &str) -> Result<Vec<String>, String>;

    /// The bytes of a file.
    ///
    /// # Errors
    /// If it cannot be read: why, in words.
    fn read(&self, path: &str) -> Result<Vec<u8>, String>;
}

/// Files in memory: for tests, and for the saved inputs of a run.
#[derive(Clone, Debug, Default)]
pub struct Memory(pub BTreeMap<String, Arc<[u8]>>);

impl Memory {
    /// The same with one more file.
    #[must_use]
    pub fn with(mut self, path: &str, bytes: impl AsRef<[u8]>) -> Self {
        self.0.insert(path.to_owned(), bytes.as_ref().into());
        self
    }
}

impl Files for Memory {
    fn list(&self, dir: &str) -> Result<Vec<String>, String> {
        let within = |path: &String| name_in(dir, path).map(str::to_owned);
        let names: Vec<String> = self.0.keys().filter_map(within).collect();
        if names.is_empty() { Err("no such folder".to_owned()) } else { Ok(names) }
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        self.0.get(path).map(|bytes| bytes.to_vec()).ok_or_else(|| "no such file".to_owned())
    }
}

/// The name of `path` if it lies directly in `dir`.
fn name_in<'a>(dir: &str, path: &'a str) -> Option<&'a str> {
    let (folder, name) = match path.rsplit_once('/') {
        Some(("", name)) => ("/", name),
        Some((folder, name)) => (folder, name),
        None => (".", path),
    };
    let dir = if dir.len() > 1 { dir.trim_end_matches('/') } else { dir };
    (folder == dir && name != "-").then_some(name)
}

/// Files that remember what was read of them. A second reading gives the same bytes, of standard input too.
///
/// Around the files that are given to [`crate::load`] it has the sources also where loading fails.
pub struct Recording<'a> {
    files: &'a dyn Files,
    read: RefCell<BTreeMap<String, Arc<[u8]>>>,
}

impl<'a> Recording<'a> {
    /// Remembers what is read of `files`.
    pub fn new(files: &'a dyn Files) -> Self {
        Self { files, read: RefCell::default() }
    }

    /// All that was read so far, by path.
    pub fn inputs(&self) -> BTreeMap<String, Arc<[u8]>> {
        self.read.borrow().clone()
    }

    /// The bytes of a file, shared.
    ///
    /// # Errors
    /// As [`Files::read`].
    pub fn bytes(&self, path: &str) -> Result<Arc<[u8]>, String> {
        if let Some(bytes) = self.read.borrow().get(path) {
            return Ok(bytes.clone());
        }
        let bytes: Arc<[u8]> = self.files.read(path)?.into();
        self.read.borrow_mut().insert(path.to_owned(), bytes.clone());
        Ok(bytes)
    }
}

impl Files for Recording<'_> {
    fn list(&self, dir: &str) -> Result<Vec<String>, String> {
        self.files.list(dir)
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        self.bytes(path).map(|bytes| bytes.to_vec())
    }
}

/// `path` as seen from the folder of `file`.
pub(crate) fn beside(file: &str, path: &str) -> String {
    if path.starts_with('/') {
        return path.to_owned();
    }
    let path = match path.strip_prefix("./").unwrap_or(path) {
        "" => ".",
        path => path,
    };
    match file.rsplit_once('/') {
        Some((folder, _)) => join(if folder.is_empty() { "/" } else { folder }, path),
        None => path.to_owned(),
    }
}

/// The path of a file in a folder.
pub(crate) fn join(folder: &str, name: &str) -> String {
    match folder {
        "." => name.to_owned(),
        _ if folder.ends_with('/') => format!("{folder}{name}"),
        _ => format!("{folder}/{name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_relative_to_the_file_that_names_them() {
        for (file, path, expect) in [
            ("s.yaml", "web.yaml", "web.yaml"),
            ("s.yaml", "./base/", "base/"),
            ("a/b/s.yaml", "web.yaml", "a/b/web.yaml"),
            ("a/s.yaml", "../web.yaml", "a/../web.yaml"),
            ("/s.yaml", "web.yaml", "/web.yaml"),
            ("a/s.yaml", "/web.yaml", "/web.yaml"),
            ("-", "web.yaml", "web.yaml"),
            ("s.yaml", "./", "."),
        ] {
            assert_eq!(beside(file, path), expect, "{file} {path}");
        }
    }

    #[test]
    fn a_folder_has_the_files_directly_in_it() {
        let files =
            Memory::default().with("a/x.yaml", "").with("a/b/y.yaml", "").with("z.yaml", "").with("-", "");
        assert_eq!(files.list("a/").as_deref(), Ok(["x.yaml".to_owned()].as_slice()));
        assert_eq!(files.list(".").as_deref(), Ok(["z.yaml".to_owned()].as_slice()));
        assert!(files.list("z.yaml").is_err() && files.list("c").is_err());
    }

    #[test]
    fn what_was_read_is_kept() {
        let files = Memory::default().with("x", "1").with("y", "2");
        let recording = Recording::new(&files);
        assert_eq!(recording.read("x").as_deref(), Ok(b"1".as_slice()));
        assert!(recording.read("z").is_err());
        assert_eq!(recording.inputs().keys().collect::<Vec<_>>(), ["x"]);
    }
}
