//! Which versions of the system's libraries a program needs.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use crate::command::read;

/// The newest versions that may be needed, as the documents promise. GLIBCXX and CXXABI are those
/// of GCC 12, which Debian 12 and Ubuntu 22.04 have.
const PROMISED: [(&str, Version); 3] = [
    ("GLIBC", Version(2, 35, 0)),
    ("GLIBCXX", Version(3, 4, 30)),
    ("CXXABI", Version(1, 3, 13)),
];

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Version(u32, u32, u32);

impl std::fmt::Display for Version {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Version(major, minor, patch) = self;
        match patch {
            0 => write!(formatter, "{major}.{minor}"),
            _ => write!(formatter, "{major}.{minor}.{patch}"),
        }
    }
}

/// Prints the versions of the system's libraries that an ELF file needs.
///
/// # Errors
/// A sentence when one is newer than promised, or `readelf` is missing.
pub fn check(file: &Path) -> Result<(), String> {
    let mut readelf = Command::new("readelf");
    readelf
        .args(["--version-info", "--wide"])
        .arg(file)
        .env("LC_ALL", "C");
    let listing = read(
        readelf,
        "readelf, of the package binutils, could not list the symbol versions",
    )?;
    let needed = needed(&listing);
    let list: Vec<String> = needed
        .iter()
        .map(|(library, version)| format!("{library} {version}"))
        .collect();
    println!("{}: needs {}", file.display(), list.join(", "));
    for (library, promised) in PROMISED {
        if let Some(version) = needed.get(library)
            && *version > promised
        {
            return Err(format!(
                "{} needs {library} {version}, but the documents promise that {promised} will do; \
                 build it on an older system",
                file.display()
            ));
        }
    }
    Ok(())
}

/// The newest version of each library among names such as `GLIBC_2.34`.
fn needed(listing: &str) -> BTreeMap<&'static str, Version> {
    let mut needed = BTreeMap::new();
    for word in listing.split_whitespace() {
        for (library, _) in PROMISED {
            let numbers = word
                .strip_prefix(library)
                .and_then(|rest| rest.strip_prefix('_'))
                .and_then(version);
            if let Some(version) = numbers {
                let newest: &mut Version = needed.entry(library).or_default();
                *newest = version.max(*newest);
            }
        }
    }
    needed
}

fn version(text: &str) -> Option<Version> {
    let mut numbers = text.split('.').map(str::parse);
    let mut next = || numbers.next().unwrap_or(Ok(0)).ok();
    Some(Version(next()?, next()?, next()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_newest_version_of_each_library() {
        let listing = "\
Version needs section '.gnu.version_r' contains 2 entries:
  000000: Version: 1  File: libc.so.6  Cnt: 4
  0x0010:   Name: GLIBC_2.9  Flags: none  Version: 9
  0x0020:   Name: GLIBC_2.34  Flags: none  Version: 7
  0x0030:   Name: GLIBC_2.2.5  Flags: none  Version: 6
  0x0040:   Name: GLIBC_PRIVATE  Flags: none  Version: 5
  0x0050:   Name: GLIBCXX_3.4.29  Flags: none  Version: 4
";
        let expected =
            BTreeMap::from([("GLIBC", Version(2, 34, 0)), ("GLIBCXX", Version(3, 4, 29))]);
        assert_eq!(needed(listing), expected);
    }

    #[test]
    fn the_documents_promise_what_is_checked() {
        let promise = format!("glibc {} or newer", PROMISED[0].1);
        for document in [
            include_str!("../../../README.md"),
            include_str!("../../../docs/dependencies.md"),
            include_str!("../../../docs/package.md"),
        ] {
            assert!(document.contains(&promise), "{document}");
        }
    }
}
