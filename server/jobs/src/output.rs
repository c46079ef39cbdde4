use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use tempfile::{NamedTempFile, TempPath};

use crate::error::JobError;
use crate::event::WrittenFile;

/// A folder that a job will write to. Files are written beside their places and then moved there
/// together at the end; until then, and for good when the job fails, everything is as it was.
#[derive(Debug)]
pub(crate) struct OutputFolder {
    path: PathBuf,
    /// Folders that did not exist before, the innermost first.
    created: Vec<PathBuf>,
}

impl OutputFolder {
    /// Makes the folder if need be and checks that it can be written to.
    ///
    /// # Errors
    /// [`JobError::WriteFile`] when it cannot.
    pub(crate) fn prepare(path: &Path) -> Result<Self, JobError> {
        let created = path
            .ancestors()
            .take_while(|ancestor| !ancestor.as_os_str().is_empty() && !ancestor.exists())
            .map(Path::to_path_buf)
            .collect();
        let folder = Self {
            path: path.to_path_buf(),
            created,
        };
        fs::create_dir_all(path).map_err(|source| JobError::write(path, source))?;
        folder.temporary_file()?;
        Ok(folder)
    }

    /// Writes all files, or none.
    ///
    /// # Errors
    /// [`JobError::WriteFile`], for example when the disk is full.
    pub(crate) fn commit<const N: usize>(
        &mut self,
        files: [(&str, &[u8]); N],
    ) -> Result<[WrittenFile; N], JobError> {
        let mut temporary = Vec::with_capacity(N);
        for (name, contents) in files {
            let mut file = self.temporary_file()?;
            file.write_all(contents)
                .and_then(|()| file.as_file().sync_all())
                .map_err(|source| JobError::write(self.path.join(name), source))?;
            temporary.push(file);
        }
        self.replace(temporary, files.map(|(name, _)| self.path.join(name)))?;
        // From here on the folder holds something of the user's.
        self.created.clear();
        Ok(files.map(|(name, contents)| WrittenFile {
            path: self.path.join(name),
            bytes: contents.len() as u64,
        }))
    }

    /// Moves new files to their places, or puts every earlier file back.
    fn replace<const N: usize>(
        &self,
        temporary: Vec<NamedTempFile>,
        targets: [PathBuf; N],
    ) -> Result<(), JobError> {
        let mut earlier = Vec::with_capacity(N);
        for target in &targets {
            earlier.push(self.keep(target)?);
        }
        for (done, (file, target)) in temporary.into_iter().zip(&targets).enumerate() {
            let Err(error) = file.persist(target) else {
                continue;
            };
            for (earlier, target) in earlier.into_iter().zip(&targets).take(done) {
                // Whatever fails here is less than what is reported.
                let _ = match earlier {
                    Some(earlier) => earlier.persist(target).map_err(|error| error.error),
                    None => fs::remove_file(target),
                };
            }
            return Err(JobError::write(target, error.error));
        }
        Ok(())
    }

    /// A second name for an earlier file, which goes when it is dropped.
    fn keep(&self, target: &Path) -> Result<Option<TempPath>, JobError> {
        match fs::symlink_metadata(target) {
            Ok(metadata) if metadata.is_file() => {}
            Ok(_) => {
                let in_the_way = io::Error::from(io::ErrorKind::IsADirectory);
                return Err(JobError::write(target, in_the_way));
            }
            Err(_) => return Ok(None),
        }
        let name = self.temporary_file()?.into_temp_path();
        fs::remove_file(&name)
            .and_then(|()| fs::hard_link(target, &name))
            // Not every file system has links.
            .or_else(|_| fs::copy(target, &name).map(|_| ()))
            .map_err(|source| JobError::write(target, source))?;
        Ok(Some(name))
    }

    fn temporary_file(&self) -> Result<NamedTempFile, JobError> {
        let mut builder = tempfile::Builder::new();
        builder.prefix(".model-quantizer-");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            // What a newly created file gets, less the user's umask.
            builder.permissions(fs::Permissions::from_mode(0o666));
        }
        builder
            .tempfile_in(&self.path)
            .map_err(|source| JobError::write(&self.path, source))
    }
}

impl Drop for OutputFolder {
    fn drop(&mut self) {
        for folder in &self.created {
            // Only an empty folder goes; anything else in it is not ours.
            let _ = fs::remove_dir(folder);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_replace_earlier_ones_and_leave_nothing_else() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("a/b");
        for contents in [b"old", b"new"] {
            let mut folder = OutputFolder::prepare(&path).unwrap();
            let [written] = folder.commit([("model.tflite", contents)]).unwrap();
            assert_eq!(written.bytes, 3);
        }
        assert_eq!(fs::read(path.join("model.tflite")).unwrap(), b"new");
        assert_eq!(fs::read_dir(&path).unwrap().count(), 1);
    }

    #[test]
    fn nothing_remains_of_a_job_that_does_not_finish() {
        let root = tempfile::tempdir().unwrap();
        drop(OutputFolder::prepare(&root.path().join("a/b")).unwrap());
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_folder_that_was_there_stays() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("a")).unwrap();
        drop(OutputFolder::prepare(&root.path().join("a/b")).unwrap());
        assert_eq!(fs::read_dir(root.path().join("a")).unwrap().count(), 0);
    }

    #[test]
    fn when_one_file_cannot_be_placed_the_others_stay_as_they_were() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("a"), b"old").unwrap();
        fs::create_dir_all(root.path().join("c/in the way")).unwrap();
        let mut folder = OutputFolder::prepare(root.path()).unwrap();
        let files: [(&str, &[u8]); 3] = [("a", b"new"), ("b", b"new"), ("c", b"new")];
        assert!(folder.commit(files).is_err());
        assert_eq!(fs::read(root.path().join("a")).unwrap(), b"old");
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 2);
    }

    #[test]
    fn earlier_files_come_back_when_a_later_one_cannot_be_moved() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("a"), b"old").unwrap();
        let folder = OutputFolder::prepare(root.path()).unwrap();
        let temporary = vec![
            folder.temporary_file().unwrap(),
            folder.temporary_file().unwrap(),
            folder.temporary_file().unwrap(),
        ];
        // The third target cannot be seen before it is written: its folder does not exist.
        let targets = ["a", "b", "missing/c"].map(|name| root.path().join(name));
        assert!(folder.replace(temporary, targets).is_err());
        assert_eq!(fs::read(root.path().join("a")).unwrap(), b"old");
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_in_the_way_is_named() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("output");
        fs::write(&path, b"not a folder").unwrap();
        let error = OutputFolder::prepare(&path).unwrap_err().to_string();
        assert!(
            error.contains("output") && error.contains("choose another folder"),
            "{error}"
        );
        assert_eq!(fs::read(&path).unwrap(), b"not a folder");
    }
}
