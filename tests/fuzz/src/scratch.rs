//! Files for readers that take a path.

use std::fs;
use std::path::{Path, PathBuf};

/// Writes a file in a folder of this thread and process, in memory where the system has a place for
/// that, and returns its path.
pub(crate) fn write(name: &str, contents: &[u8]) -> PathBuf {
    thread_local! {
        static FOLDER: tempfile::TempDir = {
            let memory = Path::new("/dev/shm");
            if memory.is_dir() {
                tempfile::tempdir_in(memory).unwrap()
            } else {
                tempfile::tempdir().unwrap()
            }
        };
    }
    let path = FOLDER.with(|folder| folder.path().join(name));
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, contents).unwrap();
    path
}
