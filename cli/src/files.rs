//! The files of this machine, standard input, and the library, as a scenario reads them.

use std::fs;
use std::io::{Read, stdin};
use std::path::Path;

use scenarios::files::Files;

use crate::failure::in_words;

/// A file beyond this is a slip (`-f /dev/zero`), not a manifest: 1 GiB.
const LARGEST: u64 = 1 << 30;

/// Paths are files of this machine, `-` is standard input, `@NAME` a scenario of the library.
pub(crate) struct Disk;

impl Files for Disk {
    fn list(&self, dir: &str) -> Result<Vec<String>, String> {
        let entries = fs::read_dir(dir).map_err(|error| in_words(&error))?;
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|error| in_words(&error))?;
            // Links are followed; a link to nowhere is reported when it is read.
            let is_folder = fs::metadata(entry.path()).is_ok_and(|found| found.is_dir());
            if let (false, Some(name)) = (is_folder, entry.file_name().to_str()) {
                names.push(name.to_owned());
            }
        }
        Ok(names)
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        if let Some(name) = path.strip_prefix('@').filter(|_| !Path::new(path).exists()) {
            return built_in(name).map(|text| text.as_bytes().to_vec());
        }
        match path {
            "-" => all(stdin()),
            path if Path::new(path).is_dir() => Err("is a folder".to_owned()),
            path => all(fs::File::open(path).map_err(|error| in_words(&error))?),
        }
    }
}

fn all(source: impl Read) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    source.take(LARGEST + 1).read_to_end(&mut bytes).map_err(|error| in_words(&error))?;
    match u64::try_from(bytes.len()) {
        Ok(length) if length <= LARGEST => Ok(bytes),
        _ => Err("is larger than 1 GiB".to_owned()),
    }
}

/// The text of a scenario of the library.
pub(crate) fn built_in(name: &str) -> Result<&'static str, String> {
    let found = scenarios::library().iter().find(|(known, _)| *known == name);
    found.map(|(_, text)| *text).ok_or_else(|| {
        let names: Vec<&str> = scenarios::library().iter().map(|(name, _)| *name).collect();
        format!("the library has no scenario {name:?}; it has {}", names.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_library_is_read_by_name() {
        assert_eq!(
            Disk.read("@rolling-update").as_deref(),
            built_in("rolling-update").map(str::as_bytes).as_deref()
        );
        let problem = Disk.read("@rolling").expect_err("there is none");
        assert!(problem.contains("rolling-update") && problem.contains("\"rolling\""), "{problem}");
    }

    #[test]
    fn why_a_file_cannot_be_read_is_said_in_words() {
        assert_eq!(Disk.read("no/such/file"), Err("no such file or directory".to_owned()));
        assert_eq!(Disk.read("src"), Err("is a folder".to_owned()));
        assert!(Disk.list("no/such/folder").is_err());
        assert!(Disk.list("src").is_ok_and(|names| names.contains(&"files.rs".to_owned())));
    }
}
