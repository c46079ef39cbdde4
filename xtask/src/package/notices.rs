//! Names, licences and texts of licences of everything from others in the package.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::command::{cargo, read};
use crate::platform::Platform;
use crate::{node, tasks};

/// What TensorFlow's build links into its library, with licences as TensorFlow 2.17 states them.
const RUNTIME: &str = "\
libtensorflowlite_c 2.17.1, the TFLite runtime of TensorFlow: Apache-2.0
It contains parts of abseil-cpp (Apache-2.0), cpuinfo (BSD-2-Clause), Eigen (MPL-2.0; its source is
at https://eigen.tuxfamily.org), farmhash (MIT), fft2d (free for any use), FlatBuffers (Apache-2.0),
FP16 (MIT), FXdiv (MIT), gemmlowp (Apache-2.0), ml_dtypes (Apache-2.0), pthreadpool (BSD-2-Clause),
ruy (Apache-2.0) and XNNPACK (BSD-3-Clause).";

/// Beginnings of the names of files that hold a licence, in capitals.
const LICENCE_FILES: [&str; 6] = [
    "LICENSE",
    "LICENCE",
    "COPYING",
    "COPYRIGHT",
    "NOTICE",
    "UNLICENSE",
];

/// Something from others, with the texts of its licence.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Component {
    name: String,
    licence: String,
    texts: Vec<String>,
}

/// The whole text of the notices.
///
/// # Errors
/// A sentence when cargo or npm cannot list packages, or one has no licence.
pub fn notices(platform: &Platform, extension: &Path) -> Result<String, String> {
    let mut components = crates(platform)?;
    components.extend(npm_packages(extension)?);
    if let Some(component) = components.iter().find(|one| one.licence.is_empty()) {
        return Err(format!("{} states no licence", component.name));
    }
    Ok(format(&components))
}

/// The list, and below it every text once with the names of those that come under it.
fn format(components: &BTreeSet<Component>) -> String {
    let mut page =
        format!("Model Quantizer contains the following software of others.\n\n{RUNTIME}\n\n");
    let mut users: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for Component {
        name,
        licence,
        texts,
    } in components
    {
        // Writing to a string does not fail.
        let _ = writeln!(page, "{name}: {licence}");
        for text in texts {
            users.entry(text).or_default().push(name);
        }
    }
    for (text, names) in users {
        let line = "-".repeat(80);
        let _ = write!(page, "\n{line}\n{}\n{line}\n\n{text}\n", names.join(", "));
    }
    page
}

/// The crates that are part of the program.
fn crates(platform: &Platform) -> Result<BTreeSet<Component>, String> {
    let mut metadata = cargo();
    metadata
        .args(["metadata", "--format-version", "1", "--locked"])
        .args(["--filter-platform", platform.target])
        .args(["--features", tasks::FEATURES]);
    let failure = "cargo cannot list the dependencies";
    let metadata: Value = serde_json::from_str(&read(metadata, failure)?)
        .map_err(|error| format!("{failure}: {error}"))?;
    let reachable = linked(&metadata);
    let packages = metadata["packages"].as_array().into_iter().flatten();
    Ok(packages
        .filter(|package| reachable.contains(text(&package["id"])))
        // Packages of the workspace have no registry.
        .filter(|package| !package["source"].is_null())
        .map(|package| component(package, Path::new(text(&package["manifest_path"])).parent()))
        .collect())
}

/// Identifiers of the packages that `cli` needs to run.
fn linked(metadata: &Value) -> BTreeSet<&str> {
    let nodes: BTreeMap<&str, &Value> = metadata["resolve"]["nodes"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|node| (text(&node["id"]), &node["deps"]))
        .collect();
    let mut open: Vec<&str> = metadata["packages"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|package| package["name"] == "cli" && package["source"].is_null())
        .map(|package| text(&package["id"]))
        .collect();
    let mut reached = BTreeSet::new();
    while let Some(id) = open.pop() {
        if !reached.insert(id) {
            continue;
        }
        let dependencies = nodes.get(id).and_then(|deps| deps.as_array());
        open.extend(
            dependencies
                .into_iter()
                .flatten()
                .filter(|dependency| {
                    let kinds = dependency["dep_kinds"].as_array();
                    kinds
                        .into_iter()
                        .flatten()
                        .any(|kind| kind["kind"].is_null())
                })
                .map(|dependency| text(&dependency["pkg"])),
        );
    }
    reached
}

/// The npm packages that the extension needs to run.
fn npm_packages(extension: &Path) -> Result<BTreeSet<Component>, String> {
    let mut npm = node::command("npm", extension)?;
    npm.args(["ls", "--omit=dev", "--all", "--parseable"]);
    let listing = read(npm, "npm cannot list the packages of the extension")?;
    listing
        .lines()
        // The first is the extension itself.
        .skip(1)
        .map(|folder| {
            let manifest = PathBuf::from(folder).join("package.json");
            let package = fs::read_to_string(&manifest)
                .map_err(|error| error.to_string())
                .and_then(|text| serde_json::from_str(&text).map_err(|error| error.to_string()))
                .map_err(|error| format!("cannot read {}: {error}", manifest.display()))?;
            Ok(component(&package, Some(Path::new(folder))))
        })
        .collect()
}

/// A package as its manifest describes it; cargo and npm use the same names.
fn component(package: &Value, folder: Option<&Path>) -> Component {
    Component {
        name: format!("{} {}", text(&package["name"]), text(&package["version"])),
        licence: text(&package["license"]).to_owned(),
        texts: folder.map(licence_texts).unwrap_or_default(),
    }
}

fn licence_texts(folder: &Path) -> Vec<String> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| {
            let name = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .to_uppercase();
            LICENCE_FILES
                .iter()
                .any(|beginning| name.starts_with(beginning))
        })
        .collect();
    files.sort();
    files
        .iter()
        .filter_map(|file| fs::read_to_string(file).ok())
        .map(|text| text.replace("\r\n", "\n").trim().to_owned())
        .collect()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn follows_only_what_runs() {
        let node = |id: &str, deps: &[(&str, Value)]| {
            let deps: Vec<Value> = deps
                .iter()
                .map(|(id, kind)| json!({"pkg": id, "dep_kinds": [{"kind": kind}]}))
                .collect();
            json!({"id": id, "deps": deps})
        };
        let metadata = json!({
            "packages": [{"name": "cli", "id": "cli", "source": null}],
            "resolve": {"nodes": [
                node("cli", &[("a", Value::Null), ("b", json!("dev")), ("c", json!("build"))]),
                node("a", &[("d", Value::Null), ("cli", json!("dev"))]),
                node("b", &[]), node("c", &[]), node("d", &[]), node("e", &[]),
            ]},
        });
        assert_eq!(linked(&metadata), BTreeSet::from(["cli", "a", "d"]));
    }

    #[test]
    fn prints_each_text_once() {
        let component = |name: &str, texts: &[&str]| Component {
            name: name.to_owned(),
            licence: "MIT".to_owned(),
            texts: texts.iter().map(|&text| text.to_owned()).collect(),
        };
        let page = format(&BTreeSet::from([
            component("a 1", &["same"]),
            component("b 2", &["same", "other"]),
        ]));
        assert_eq!(page.matches("\nsame\n").count(), 1);
        assert!(page.contains("\na 1, b 2\n"), "{page}");
        assert!(page.contains("b 2: MIT\n"), "{page}");
    }
}
