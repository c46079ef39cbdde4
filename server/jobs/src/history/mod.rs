//! Runs that are kept: a folder below `output_dir/runs` for each job that succeeded, with the
//! configuration as it was, the reports and the hashes of the models.

mod compare;
mod folder;
mod keep;
mod list;
mod read;
mod record;
mod settings;

use std::io::Write as _;
use std::path::{Path, PathBuf};

use thiserror::Error;

pub use compare::compare;
pub use folder::{KEPT_RUNS, RUNS};
pub(crate) use keep::stage;
pub use list::{Run, RunList, runs};
pub use record::{EvaluateSummary, ModelRecord, ModelRole, QuantizeSummary, RunRecord, Summary};

/// Why runs cannot be shown. Every message is one sentence for the user.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum HistoryError {
    /// A path is not the folder of a run.
    #[error(
        "\"{path}\" is not the folder of a run ({reason}); `model-quantizer runs CONFIG` lists the folders of runs"
    )]
    NotARun {
        /// The path.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Too few or too many runs.
    #[error("{count} run(s) cannot be compared; give from 2 to {most}")]
    Count {
        /// Number given.
        count: usize,
        /// Number allowed.
        most: usize,
    },
    /// A page could not be written.
    #[error(
        "cannot write \"{path}\": {reason}; check the folder and whether the file may be replaced"
    )]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}

/// Writes a page, whole or not at all.
///
/// # Errors
/// [`HistoryError::Write`].
pub fn write_page(path: &Path, page: &str) -> Result<(), HistoryError> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(".model-quantizer-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    builder
        .tempfile_in(folder)
        .and_then(|mut file| {
            file.write_all(page.as_bytes())?;
            file.as_file().sync_all()?;
            file.persist(path).map_err(|error| error.error)
        })
        .map(drop)
        .map_err(|error| HistoryError::Write {
            path: path.to_path_buf(),
            reason: error.to_string(),
        })
}
