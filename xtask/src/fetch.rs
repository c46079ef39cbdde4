//! Fetches the prebuilt TFLite runtime and what is needed to link it.
//!
//! Everything lies in `target/tflite/<platform>`: the two libraries, and the C headers in the
//! folders where the build script of `tflitec` looks for them. Files that are there and have the
//! right SHA-256 are kept, so that only the first run needs the network.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sha2::{Digest, Sha256};

use crate::platform::{Library, Platform};
use crate::workspace;

/// Headers of ours, and where `tflitec` 0.7.0 looks for them.
const HEADERS: [(&str, &str); 2] = [
    ("c_api.h", "tensorflow/lite/c/c_api.h"),
    (
        "xnnpack_delegate.h",
        "tensorflow/lite/delegates/xnnpack/xnnpack_delegate.h",
    ),
];

/// Headers that `tflitec` 0.7.0 copies because TensorFlow's own include them. Ours do not, so
/// empty files will do.
const EMPTY_HEADERS: [&str; 7] = [
    "tensorflow/lite/core/c/c_api.h",
    "tensorflow/lite/core/c/c_api_types.h",
    "tensorflow/lite/core/c/common.h",
    "tensorflow/lite/core/c/operator.h",
    "tensorflow/lite/core/async/c/types.h",
    "tensorflow/lite/builtin_ops.h",
    "tensorflow/compiler/mlir/lite/core/c/tflite_types.h",
];

/// Where the fetched files lie.
pub struct Runtime {
    /// The TFLite runtime library.
    pub library: PathBuf,
    /// Folder of the C headers.
    pub headers: PathBuf,
    /// Folder of libclang.
    pub clang: PathBuf,
}

/// Makes sure that the runtime is there, and tells where.
///
/// # Errors
/// A sentence when Python or pip is missing, the download fails, or a file has another hash.
pub fn fetch(platform: &Platform) -> Result<Runtime, String> {
    let folder = workspace::target_folder()
        .join("tflite")
        .join(platform.name);
    let runtime = Runtime {
        library: folder.join("lib").join(platform.tflite.file_name),
        headers: folder.join("headers"),
        clang: folder.join("clang"),
    };
    let wanted = [
        (&platform.tflite, runtime.library.clone()),
        (
            &platform.clang,
            runtime.clang.join(platform.clang.file_name),
        ),
    ];
    if !wanted
        .iter()
        .all(|(library, path)| is_intact(path, library))
    {
        eprintln!("fetching the TFLite runtime for {}", platform.name);
        download(platform, &folder.join("download"), &wanted)?;
    }
    lay_out_headers(&runtime.headers)?;
    Ok(runtime)
}

fn download(
    platform: &Platform,
    scratch: &Path,
    wanted: &[(&Library, PathBuf)],
) -> Result<(), String> {
    let python = find_python()?;
    remove_folder(scratch)?;
    let wheels = scratch.join("wheels");
    let mut pip = Command::new(python);
    pip.args(["-m", "pip", "download", "--quiet", "--no-deps"])
        .args(["--disable-pip-version-check", "--only-binary", ":all:"]);
    for tag in platform.wheel_tags {
        pip.args(["--platform", tag]);
    }
    pip.args(["--require-hashes", "--requirement"])
        .arg(workspace::root().join("xtask/runtime.lock"))
        .arg("--dest")
        .arg(&wheels);
    run(
        pip,
        "pip could not download the TFLite runtime; check the network connection and pip's \
         settings, then run `cargo xtask fetch` again",
    )?;

    let unpacked = scratch.join("unpacked");
    for entry in fs::read_dir(&wheels).map_err(|error| cannot("read", &wheels, error))? {
        let wheel = entry
            .map_err(|error| cannot("read", &wheels, error))?
            .path();
        let mut unzip = Command::new(python);
        unzip
            .args(["-m", "zipfile", "-e"])
            .arg(&wheel)
            .arg(&unpacked);
        run(unzip, &format!("{} cannot be unpacked", wheel.display()))?;
    }
    for (library, path) in wanted {
        let source = unpacked.join(library.path_in_wheel);
        let found = sha256(&source).map_err(|error| cannot("read", &source, error))?;
        if found != library.sha256 {
            return Err(format!(
                "{} has SHA-256 {found} instead of {}; nothing was installed",
                source.display(),
                library.sha256
            ));
        }
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(|error| cannot("create", parent, error))?;
        }
        fs::rename(&source, path).map_err(|error| cannot("write", path, error))?;
    }
    remove_folder(scratch)
}

fn lay_out_headers(folder: &Path) -> Result<(), String> {
    let sources = workspace::root().join("server/inference/headers");
    for (name, destination) in HEADERS {
        let source = sources.join(name);
        let text = fs::read(&source).map_err(|error| cannot("read", &source, error))?;
        write_if_changed(&folder.join(destination), &text)?;
    }
    for destination in EMPTY_HEADERS {
        write_if_changed(&folder.join(destination), b"")?;
    }
    Ok(())
}

fn write_if_changed(path: &Path, text: &[u8]) -> Result<(), String> {
    if fs::read(path).is_ok_and(|present| present == text) {
        return Ok(());
    }
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(|error| cannot("create", parent, error))?;
    }
    fs::write(path, text).map_err(|error| cannot("write", path, error))
}

fn find_python() -> Result<&'static str, String> {
    let answers = |python: &str, arguments: &[&str]| {
        Command::new(python)
            .args(arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    };
    let is_python_3 = |python: &&&str| {
        answers(
            python,
            &["-c", "import sys; sys.exit(sys.version_info < (3, 9))"],
        )
    };
    let pythons: Vec<&&str> = ["python3", "python"].iter().filter(is_python_3).collect();
    if pythons.is_empty() {
        return Err(
            "Python 3.9 or newer is needed once to fetch the TFLite runtime and was not found; \
             install it with your system's package manager so that `python3` runs"
                .to_owned(),
        );
    }
    pythons
        .into_iter()
        .find(|python| answers(python, &["-m", "pip", "--version"]))
        .copied()
        .ok_or_else(|| {
            "Python has no pip, which is needed once to fetch the TFLite runtime; run \
             `python3 -m ensurepip` or install the package python3-pip"
                .to_owned()
        })
}

fn run(mut command: Command, failure: &str) -> Result<(), String> {
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        _ => Err(failure.to_owned()),
    }
}

fn is_intact(path: &Path, library: &Library) -> bool {
    sha256(path).is_ok_and(|found| found == library.sha256)
}

fn sha256(path: &Path) -> std::io::Result<String> {
    let digest = Sha256::digest(fs::read(path)?);
    Ok(digest.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn remove_folder(folder: &Path) -> Result<(), String> {
    if !folder.exists() {
        return Ok(());
    }
    fs::remove_dir_all(folder).map_err(|error| cannot("remove", folder, error))
}

fn cannot(action: &str, path: &Path, error: std::io::Error) -> String {
    format!("cannot {action} {}: {error}", path.display())
}
