use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::folder::{RECORD, RUNS, run_folders};
use super::read::{LONGEST_RECORD, document};
use super::record::RunRecord;

/// The runs of a configuration (`schemas/runs.schema.json`).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunList {
    /// The folder of runs, whether it is there or not.
    pub folder: PathBuf,
    /// The runs, the newest first.
    pub runs: Vec<Run>,
    /// Folders of runs whose record cannot be read, each with the reason.
    pub damaged: Vec<String>,
}

/// A run that was kept.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Run {
    /// Name of its folder.
    pub name: String,
    /// Its folder.
    pub path: PathBuf,
    /// What it did.
    #[serde(flatten)]
    pub record: RunRecord,
}

/// The runs that are kept below `output_dir`, the newest first.
///
/// # Errors
/// When the folder of runs is there but cannot be listed.
pub fn runs(output_dir: &Path) -> io::Result<RunList> {
    let folder = output_dir.join(RUNS);
    let found = match run_folders(&folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        other => other?,
    };
    let mut list = RunList {
        folder,
        runs: Vec::with_capacity(found.len()),
        damaged: Vec::new(),
    };
    for path in found.into_iter().rev() {
        match read(&path) {
            Ok(run) => list.runs.push(run),
            Err(reason) => list
                .damaged
                .push(format!("{}: {reason}", crate::paths::file_name(&path))),
        }
    }
    Ok(list)
}

/// The run in a folder, or what is wrong with it.
pub(super) fn read(folder: &Path) -> Result<Run, String> {
    Ok(Run {
        name: crate::paths::file_name(folder),
        record: document(&folder.join(RECORD), LONGEST_RECORD)?,
        path: folder.to_path_buf(),
    })
}
