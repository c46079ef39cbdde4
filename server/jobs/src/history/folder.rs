//! The folder of runs: names of runs, their order, and how many are kept.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use configuration::{KEPT_CONFIGURATION, is_run_name};

use crate::result_files::{
    EVALUATION_REPORT, EVALUATION_REPORT_PAGE, QUANTIZATION_REPORT, QUANTIZATION_REPORT_PAGE,
    RESULTS,
};

/// Name of the folder of runs in `output_dir`.
pub const RUNS: &str = "runs";

/// How many runs are kept; the oldest goes when there is another.
pub const KEPT_RUNS: usize = 50;

/// Name of the record in the folder of a run.
pub(super) const RECORD: &str = "run.json";

/// Everything that a run's folder can hold. The record goes last when a run is removed: what has
/// one is still a run.
const FILES: [&str; 7] = [
    KEPT_CONFIGURATION,
    QUANTIZATION_REPORT,
    QUANTIZATION_REPORT_PAGE,
    RESULTS,
    EVALUATION_REPORT,
    EVALUATION_REPORT_PAGE,
    RECORD,
];

/// The most entries of a folder of runs that are looked at.
const MOST_ENTRIES: usize = 10_000;

/// The folders of runs below `runs`, the oldest first. Nothing else there is looked into, and no
/// link is followed.
pub(super) fn run_folders(runs: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(runs)?.take(MOST_ENTRIES) {
        let entry = entry?;
        let name = entry.file_name();
        let named = name.to_str().is_some_and(is_run_name);
        if named && entry.file_type()?.is_dir() && is_file(&entry.path().join(RECORD)) {
            found.push(entry.path());
        }
    }
    found.sort_by_key(|path| order(path));
    Ok(found)
}

/// By time, and within a millisecond by number.
fn order(path: &Path) -> (String, usize, String) {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let (time, rest) = name.split_at_checked(24).unwrap_or((&name, ""));
    let number = rest.rsplit('-').next().and_then(|last| last.parse().ok());
    (time.to_owned(), number.unwrap_or(1), rest.to_owned())
}

/// Removes the oldest runs but [`KEPT_RUNS`]. A run to whose folder somebody has added something
/// stays.
pub(super) fn remove_oldest(runs: &Path) -> io::Result<()> {
    let folders = run_folders(runs)?;
    let excess = folders.len().saturating_sub(KEPT_RUNS);
    for folder in folders.iter().take(excess) {
        if fs::read_dir(folder)?.all(|entry| entry.is_ok_and(|entry| is_ours(&entry))) {
            for name in FILES {
                match fs::remove_file(folder.join(name)) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                    _ => {}
                }
            }
            fs::remove_dir(folder)?;
        }
    }
    Ok(())
}

fn is_ours(entry: &fs::DirEntry) -> bool {
    let named = FILES
        .iter()
        .any(|name| entry.file_name() == OsStr::new(name));
    named && entry.file_type().is_ok_and(|kind| kind.is_file())
}

/// Whether there is a file that is no link.
pub(super) fn is_file(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(runs: &Path, minute: usize, job: &str) -> PathBuf {
        let folder = runs.join(format!("2026-01-31T23-{minute:02}-00.000Z-{job}"));
        fs::create_dir_all(&folder).unwrap();
        for name in FILES {
            fs::write(folder.join(name), "{}").unwrap();
        }
        folder
    }

    #[test]
    fn the_oldest_runs_go_and_nothing_of_the_users() {
        let root = tempfile::tempdir().unwrap();
        let runs = root.path();
        let annotated = run(runs, 0, "quantize");
        fs::write(annotated.join("notes.txt"), "mine").unwrap();
        let oldest = run(runs, 1, "quantize");
        for minute in 2..KEPT_RUNS + 2 {
            run(runs, minute % 60, "evaluate");
        }
        // None of these is a run.
        fs::create_dir(runs.join("2026-01-31T00-00-00.000Z-quantize")).unwrap();
        fs::create_dir(runs.join("my runs")).unwrap();
        fs::write(runs.join("2026-01-31T00-00-01.000Z-quantize"), "a file").unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(&annotated, runs.join("2026-01-31T00-00-02.000Z-quantize"))
            .unwrap();
        let others = fs::read_dir(runs).unwrap().count() - KEPT_RUNS - 2;

        remove_oldest(runs).unwrap();
        assert!(annotated.join("notes.txt").exists());
        assert!(annotated.join(RECORD).exists());
        assert!(!oldest.exists());
        assert_eq!(run_folders(runs).unwrap().len(), KEPT_RUNS + 1);
        assert_eq!(fs::read_dir(runs).unwrap().count(), KEPT_RUNS + 1 + others);
    }

    #[test]
    fn runs_are_in_the_order_of_time() {
        let root = tempfile::tempdir().unwrap();
        let runs = root.path();
        let names = [
            "2026-01-31T10-00-00.000Z-quantize",
            "2026-01-31T10-00-00.000Z-quantize-2",
            "2026-01-31T10-00-00.000Z-quantize-10",
            "2026-01-31T10-00-01.000Z-evaluate",
        ];
        for name in names.iter().rev() {
            fs::create_dir(runs.join(name)).unwrap();
            fs::write(runs.join(name).join(RECORD), "{}").unwrap();
        }
        let found = run_folders(runs).unwrap();
        let found: Vec<_> = found.iter().filter_map(|path| path.file_name()).collect();
        assert_eq!(found, names);
    }
}
