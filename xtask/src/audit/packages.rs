//! What cargo says about the packages of the workspace.

use std::collections::BTreeSet;

/// The form of a line that [`read_tree`] expects, for `cargo tree --prefix depth --format`.
pub const TREE_FORMAT: &str = "|{p}|{l}";

/// A package that the workspace needs.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Package {
    /// Name on the registry.
    pub name: String,
    /// Version without a leading `v`.
    pub version: String,
    /// SPDX expression of its licence; empty when it declares none.
    pub licence: String,
    /// Whether a package of the workspace names it as a dependency.
    pub is_direct: bool,
}

impl Package {
    /// The leading numbers that versions must share for cargo to take one for both: `2` of 2.1.0,
    /// `0.17` of 0.17.2, `0.0.3` of 0.0.3.
    pub fn compatible_version(&self) -> &str {
        let mut end = 0;
        for number in self.version.split(['.', '-', '+']) {
            end += number.len();
            if number != "0" {
                break;
            }
            end += 1;
        }
        self.version.get(..end).unwrap_or(&self.version)
    }
}

/// The packages from outside this repository in the output of `cargo tree`, each once.
pub fn read_tree(text: &str) -> BTreeSet<Package> {
    let mut packages = BTreeSet::new();
    // Whether each package on the way from the root to the present line is ours.
    let mut path: Vec<bool> = Vec::new();
    for line in text.lines() {
        let mut fields = line.splitn(3, '|');
        let (Some(depth), Some(package), Some(licence)) =
            (fields.next(), fields.next(), fields.next())
        else {
            continue;
        };
        let mut words = package.split(' ');
        let (Ok(depth), Some(name), Some(version)) = (depth.parse(), words.next(), words.next())
        else {
            continue;
        };
        // Cargo appends the place of packages that are not from the registry.
        let is_ours = words.any(|word| word != "(proc-macro)");
        path.truncate(depth);
        if !is_ours {
            packages.insert(Package {
                name: name.to_owned(),
                version: version.trim_start_matches('v').to_owned(),
                // The mark of a package whose dependencies were already listed.
                licence: licence.trim_end_matches(" (*)").to_owned(),
                is_direct: path.last() == Some(&true),
            });
        }
        path.push(is_ours);
    }
    packages
}

/// The packages of a `Cargo.lock` that come from elsewhere than a registry or this repository, or
/// have no checksum.
pub fn read_unpinned(lock: &str) -> Vec<&str> {
    let is_pinned = |entry: &str| {
        let value = |key| {
            entry
                .lines()
                .find_map(|line| line.strip_prefix(key)?.strip_prefix(" = \""))
        };
        match value("source") {
            Some(source) => source.starts_with("registry+") && value("checksum").is_some(),
            None => true,
        }
    };
    lock.split("[[package]]\n")
        .skip(1)
        .filter(|entry| !is_pinned(entry))
        .map(|entry| entry.lines().next().unwrap_or_default())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, version: &str, licence: &str, is_direct: bool) -> Package {
        Package {
            name: name.to_owned(),
            version: version.to_owned(),
            licence: licence.to_owned(),
            is_direct,
        }
    }

    #[test]
    fn tells_direct_dependencies_from_others() {
        let tree = "\
0|cli v0.1.0 (/home/user/project/server/cli)|Apache-2.0
1|clap v4.6.9|MIT OR Apache-2.0
2|clap_derive v4.6.9 (proc-macro)|MIT OR Apache-2.0
1|graph v0.1.0 (/home/user/project/server/graph)|Apache-2.0
2|ndarray v0.17.2|MIT/Apache-2.0

0|graph v0.1.0 (/home/user/project/server/graph)|Apache-2.0 (*)
0|keras v0.1.0 (/home/user/project/server/keras)|Apache-2.0
1|thiserror v2.0.1| (*)
";
        let expected = BTreeSet::from([
            package("clap", "4.6.9", "MIT OR Apache-2.0", true),
            package("clap_derive", "4.6.9", "MIT OR Apache-2.0", false),
            package("ndarray", "0.17.2", "MIT/Apache-2.0", true),
            package("thiserror", "2.0.1", "", true),
        ]);
        assert_eq!(read_tree(tree), expected);
    }

    #[test]
    fn knows_which_versions_are_compatible() {
        let check = |version, expected| {
            assert_eq!(
                package("any", version, "MIT", true).compatible_version(),
                expected
            );
        };
        check("2.0.21", "2");
        check("25.12.19", "25");
        check("0.17.2", "0.17");
        check("0.0.3", "0.0.3");
        check("1.0.0-rc.1", "1");
        check("0.10.0-alpha", "0.10");
    }

    #[test]
    fn finds_what_no_checksum_pins() {
        let check = |source: &str, expected: &[&str]| {
            let lock = format!("version = 4\n\n[[package]]\nname = \"any\"\n{source}");
            assert_eq!(read_unpinned(&lock), expected, "{source}");
        };
        check("version = \"1.0.0\"\n", &[]);
        check("source = \"registry+index\"\nchecksum = \"12\"\n", &[]);
        check("source = \"registry+index\"\n", &["name = \"any\""]);
        check(
            "source = \"git+https://host/any\"\nchecksum = \"12\"\n",
            &["name = \"any\""],
        );
    }
}
