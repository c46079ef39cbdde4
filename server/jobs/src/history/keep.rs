//! Keeping a run: everything is written to a folder of another name, which gets its own by one
//! rename once the job's files are in place.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use configuration::{KEPT_CONFIGURATION, Settings};
use localization::text;
use tempfile::TempDir;

use super::folder::{RECORD, RUNS, remove_oldest};
use super::record::{ModelRecord, ModelRole, RunRecord, Summary};
use crate::context::Context;
use crate::digest::{digest, sha256};
use crate::error::JobError;
use crate::result_files::model_paths;

/// Runs that may end within one millisecond.
const MOST_AT_A_TIME: usize = 100;

/// A run that is written but not yet in its place; gone when dropped.
pub(crate) struct StagedRun {
    // Dropped in this order: the folder of runs can only go when it is empty.
    staging: TempDir,
    runs: RunsFolder,
    name: String,
}

/// The folder of runs, removed again when it was made for a run that did not come to be.
struct RunsFolder {
    path: PathBuf,
    created: bool,
}

impl Drop for RunsFolder {
    fn drop(&mut self) {
        if self.created {
            // Only an empty folder goes.
            let _ = fs::remove_dir(&self.path);
        }
    }
}

/// Writes what is kept of a job, if anything is to be kept. A run that cannot be kept is a warning:
/// it takes nothing from the job's results.
///
/// `models` are the float and the int8 model, `documents` the files that the job writes beside.
///
/// # Errors
/// [`JobError::Cancelled`].
pub(crate) fn stage(
    settings: &Settings,
    summary: Summary,
    models: [&[u8]; 2],
    documents: &[(&str, &[u8])],
    context: &mut Context,
) -> Result<Option<StagedRun>, JobError> {
    let Some(configuration) = context.configuration.clone() else {
        return Ok(None);
    };
    let now = humantime::format_rfc3339_millis(SystemTime::now()).to_string();
    let job = summary.job();
    let record = RunRecord {
        summary,
        time: now.clone(),
        seconds: context.seconds(),
        threads: context.threads,
        configuration: configuration.path.to_string_lossy().into_owned(),
        seed: settings.quantization.seed,
        models: model_records(settings, models, context)?,
        generator: concat!("Model Quantizer ", env!("CARGO_PKG_VERSION")).to_owned(),
    };
    let staged = report::to_json(&record)
        .map_err(io::Error::from)
        .and_then(|record| {
            let kept: [(&str, &[u8]); 2] = [
                (KEPT_CONFIGURATION, configuration.text.as_bytes()),
                (RECORD, record.as_bytes()),
            ];
            write(
                &settings.output_dir.join(RUNS),
                &[documents, &kept].concat(),
            )
        });
    match staged {
        Ok((runs, staging)) => Ok(Some(StagedRun {
            staging,
            runs,
            // Colons are not allowed in names on every system.
            name: format!("{}-{job}", now.replace(':', "-")),
        })),
        Err(error) => {
            warn_not_kept(&settings.output_dir.join(RUNS), &error, context);
            Ok(None)
        }
    }
}

impl StagedRun {
    /// Puts the run into its place, and removes the oldest where there are too many.
    pub(crate) fn place(mut self, context: &mut Context) -> Option<PathBuf> {
        let placed = (1..MOST_AT_A_TIME).find_map(|number| {
            let name = match number {
                1 => self.name.clone(),
                number => format!("{}-{number}", self.name),
            };
            let target = self.runs.path.join(name);
            // An empty folder would be replaced.
            if fs::symlink_metadata(&target).is_ok() {
                return None;
            }
            match fs::rename(self.staging.path(), &target) {
                Ok(()) => Some(Ok(target)),
                // Another job has ended at the same time.
                Err(_) if fs::symlink_metadata(&target).is_ok() => None,
                Err(error) => Some(Err(error)),
            }
        });
        match placed.unwrap_or_else(|| Err(io::ErrorKind::AlreadyExists.into())) {
            Ok(target) => {
                self.runs.created = false;
                if let Err(error) = remove_oldest(&self.runs.path) {
                    context.warn(text!(
                        "old runs in \"{path}\" cannot be removed: {error}",
                        path = self.runs.path.display()
                    ));
                }
                Some(target)
            }
            Err(error) => {
                warn_not_kept(&self.runs.path, &error, context);
                None
            }
        }
    }
}

fn warn_not_kept(runs: &Path, error: &io::Error, context: &mut Context) {
    context.warn(text!(
        "this run is not kept in \"{runs}\": {error}; the results are complete without it",
        runs = runs.display()
    ));
}

fn write(runs: &Path, files: &[(&str, &[u8])]) -> io::Result<(RunsFolder, TempDir)> {
    let created = match fs::create_dir(runs) {
        Ok(()) => true,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => false,
        Err(error) => return Err(error),
    };
    let folder = RunsFolder {
        path: runs.to_path_buf(),
        created,
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(".model-quantizer-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // What a newly created folder gets, less the user's umask.
        builder.permissions(fs::Permissions::from_mode(0o777));
    }
    let staging = builder.tempdir_in(runs)?;
    for (name, contents) in files {
        let mut file = File::create_new(staging.path().join(name))?;
        file.write_all(contents)?;
        file.sync_all()?;
    }
    Ok((folder, staging))
}

fn model_records(
    settings: &Settings,
    models: [&[u8]; 2],
    context: &Context,
) -> Result<Vec<ModelRecord>, JobError> {
    let keras = &settings.source_keras_model;
    let (bytes, hash) = digest(keras, context)?;
    let mut records = vec![ModelRecord {
        role: ModelRole::Keras,
        path: keras.to_string_lossy().into_owned(),
        bytes,
        sha256: hash,
    }];
    let roles = [ModelRole::Float, ModelRole::Quantized];
    for ((role, path), model) in roles
        .into_iter()
        .zip(model_paths(&settings.output_dir))
        .zip(models)
    {
        records.push(ModelRecord {
            role,
            path: path.to_string_lossy().into_owned(),
            bytes: model.len() as u64,
            sha256: Some(sha256(model)),
        });
    }
    Ok(records)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::Cancellation;

    #[test]
    fn a_run_appears_whole_or_not_at_all() {
        let root = tempfile::tempdir().unwrap();
        let runs = root.path().join(RUNS);
        let files: [(&str, &[u8]); 2] = [(RECORD, b"{}"), (KEPT_CONFIGURATION, b"[]")];
        let stage = || {
            let (folder, staging) = write(&runs, &files).unwrap();
            StagedRun {
                staging,
                runs: folder,
                name: "2026-01-31T10-00-00.000Z-quantize".to_owned(),
            }
        };
        drop(stage());
        assert!(!runs.exists());

        let mut listener = |_| {};
        let mut context = Context::new(1, Cancellation::default(), &mut listener);
        let first = stage().place(&mut context).unwrap();
        let second = stage().place(&mut context).unwrap();
        assert!(first.ends_with("2026-01-31T10-00-00.000Z-quantize"));
        assert!(second.ends_with("2026-01-31T10-00-00.000Z-quantize-2"));
        for run in [&first, &second] {
            assert_eq!(fs::read(run.join(KEPT_CONFIGURATION)).unwrap(), b"[]");
            assert_eq!(fs::read_dir(run).unwrap().count(), 2);
        }
        drop(stage());
        assert_eq!(fs::read_dir(&runs).unwrap().count(), 2);
    }
}
