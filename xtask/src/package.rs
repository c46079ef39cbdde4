//! The extension as a file that editors install: `cargo xtask package`.

mod contents;
mod notices;
mod symbols;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::Value;

use crate::command::run;
use crate::platform::Platform;
use crate::{node, platform, tasks, workspace};

/// The largest package that is made, in bytes.
const LARGEST: u64 = 25_000_000;

/// Folders of the extension that serve its development only. Its .vscodeignore leaves out the rest.
const DEVELOPMENT_FOLDERS: [&str; 3] = ["node_modules", "src", "test"];

/// Members of its package.json that do so.
const DEVELOPMENT_MEMBERS: [&str; 2] = ["scripts", "devDependencies"];

/// Builds program and extension, puts them into a VSIX for the platform of this machine, checks
/// what is in it, and tells where it is.
///
/// # Errors
/// A sentence when a prerequisite is missing, something does not build, the program would not run
/// on the systems that the documents name, or the package holds other files than it should.
pub fn package() -> Result<PathBuf, String> {
    let platform = platform::current()?;
    tasks::build()?;
    let extension = workspace::root().join("extension");
    node::install_packages(&extension)?;
    let mut build = node::command("npm", &extension)?;
    // The same script that vsce would run.
    build
        .args(["run", "--silent", "vscode:prepublish"])
        .stdout(Stdio::null());
    run(build, "the extension does not build")?;

    let output = workspace::target_folder().join("package");
    let staging = output.join(platform.vscode_target);
    if staging.exists() {
        fs::remove_dir_all(&staging).map_err(|error| cannot("remove", &staging, error))?;
    }
    let version = stage(platform, &extension, &staging)?;
    let target = platform.vscode_target;
    let file = output.join(format!("model-quantizer-{target}-{version}.vsix"));
    let mut vsce = node::command("node", &staging)?;
    vsce.arg(extension.join("node_modules/@vscode/vsce/vsce"))
        .args(["package", "--no-dependencies", "--allow-missing-repository"])
        .args(["--target", target, "--out"])
        .arg(&file)
        .stdout(Stdio::null());
    run(vsce, "vsce could not make the package")?;

    let size = fs::metadata(&file)
        .map_err(|error| cannot("read", &file, error))?
        .len();
    if size > LARGEST {
        return Err(format!(
            "{} has {size} bytes, more than {LARGEST}",
            file.display()
        ));
    }
    let count = contents::check(&file, platform)?;
    let megabytes = size as f64 / 1e6;
    println!("{}: {count} files, {megabytes:.1} MB", file.display());
    Ok(file)
}

/// Puts together the extension and what is not kept in its folder, programs, schemas and licences, and
/// tells its version.
fn stage(platform: &Platform, extension: &Path, staging: &Path) -> Result<String, String> {
    let entries = fs::read_dir(extension).map_err(|error| cannot("read", extension, error))?;
    for entry in entries {
        let name = entry
            .map_err(|error| cannot("read", extension, error))?
            .file_name();
        if !DEVELOPMENT_FOLDERS.iter().any(|folder| name == *folder) {
            copy(&extension.join(&name), &staging.join(&name))?;
        }
    }
    copy(&workspace::root().join("schemas"), &staging.join("schemas"))?;
    let notices = notices::notices(platform, extension)?;
    write(&staging.join("licences/third-party.txt"), &notices)?;
    stage_server(platform, &staging.join("server"))?;

    let readme = staging.join("README.md");
    let text = read_text(&readme)?;
    write(&readme, &without_pictures(&text))?;

    let manifest = staging.join("package.json");
    let mut package = read_package(&manifest)?;
    if let Some(members) = package.as_object_mut() {
        members.retain(|key, _| !DEVELOPMENT_MEMBERS.contains(&key.as_str()));
    }
    write(&manifest, &format!("{package:#}\n"))?;
    Ok(package["version"].as_str().unwrap_or_default().to_owned())
}

fn stage_server(platform: &Platform, destination: &Path) -> Result<(), String> {
    let program = tasks::program();
    let library = program.with_file_name(platform.tflite.file_name);
    for file in [&program, &library] {
        if platform.name.starts_with("linux") {
            symbols::check(file)?;
        }
        copy(
            file,
            &destination.join(file.file_name().unwrap_or_default()),
        )?;
    }
    Ok(())
}

/// VS Code shows the pictures of a README from the web only, and there is no page for these.
fn without_pictures(readme: &str) -> String {
    let kept = |line: &&str| !line.starts_with("![");
    readme.split_inclusive('\n').filter(kept).collect()
}

fn read_text(file: &Path) -> Result<String, String> {
    fs::read_to_string(file).map_err(|error| cannot("read", file, error))
}

fn read_package(file: &Path) -> Result<Value, String> {
    let text = read_text(file)?;
    serde_json::from_str(&text).map_err(|error| format!("{}: {error}", file.display()))
}

/// Copies a file or a folder, with permissions.
fn copy(source: &Path, destination: &Path) -> Result<(), String> {
    if source.is_dir() {
        let entries = fs::read_dir(source).map_err(|error| cannot("read", source, error))?;
        for entry in entries {
            let entry = entry.map_err(|error| cannot("read", source, error))?;
            copy(&entry.path(), &destination.join(entry.file_name()))?;
        }
        return Ok(());
    }
    create_parent(destination)?;
    fs::copy(source, destination)
        .map(|_| ())
        .map_err(|error| cannot("copy", source, error))
}

fn write(file: &Path, text: &str) -> Result<(), String> {
    create_parent(file)?;
    fs::write(file, text).map_err(|error| cannot("write", file, error))
}

fn create_parent(file: &Path) -> Result<(), String> {
    let Some(folder) = file.parent() else {
        return Ok(());
    };
    fs::create_dir_all(folder).map_err(|error| cannot("create", folder, error))
}

fn cannot(verb: &str, path: &Path, error: std::io::Error) -> String {
    format!("cannot {verb} {}: {error}", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaves_pictures_out_of_the_readme() {
        let readme = "# Title\n\n![A picture](../docs/pictures/a.png)\nText ![sign](b)\n";
        assert_eq!(without_pictures(readme), "# Title\n\nText ![sign](b)\n");
    }
}
