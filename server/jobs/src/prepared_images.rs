//! Pictures as the model reads them, decoded once a job.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use images::Preprocessing;

use crate::classifier::Classifier;
use crate::error::JobError;

/// Values that are kept in memory at most, 64 MiB.
const MOST_IN_MEMORY: usize = 16 << 20;

/// Values that are kept in a temporary file at most, 1 GiB: of more, it would be the disk that a job
/// waits for.
const MOST_IN_FILE: usize = 256 << 20;

/// Bytes of a value in the temporary file.
const BYTES: usize = size_of::<f32>();

/// Pictures that become a model's input by some preprocessing. Those that several stages of a job ask
/// for are kept, in memory and then in a temporary file; a picture that finds no room is decoded again.
pub(crate) struct PreparedImages<'a> {
    preprocessing: &'a Preprocessing,
    /// Height and width of the input in pixels.
    size: [usize; 2],
    channels: usize,
    most_in_memory: usize,
    kept: Mutex<Kept>,
}

/// What is kept.
#[derive(Default)]
struct Kept {
    /// What will be asked for again.
    wanted: HashSet<PathBuf>,
    images: HashMap<PathBuf, Image>,
    /// Values in memory.
    in_memory: usize,
    /// Made for the first picture that finds no room in memory; `None` also where it cannot be.
    file: Option<File>,
    /// Values in the file.
    in_file: usize,
}

/// A picture that is kept.
#[derive(Clone)]
struct Image {
    place: Place,
    reoriented: bool,
}

#[derive(Clone)]
enum Place {
    Memory(Arc<[f32]>),
    /// Number of values before it.
    File(usize),
}

impl<'a> PreparedImages<'a> {
    /// No pictures yet.
    pub(crate) fn new(preprocessing: &'a Preprocessing, classifier: &Classifier) -> Self {
        Self {
            preprocessing,
            size: classifier.size,
            channels: classifier.channels,
            most_in_memory: MOST_IN_MEMORY,
            kept: Mutex::default(),
        }
    }

    /// Keeps pictures from when they are first read: they will be asked for again.
    pub(crate) fn keep<'p>(&self, paths: impl IntoIterator<Item = &'p Path>) {
        let paths = paths.into_iter().map(Path::to_path_buf);
        self.lock().wanted.extend(paths);
    }

    /// Room for one picture.
    pub(crate) fn room(&self) -> Vec<f32> {
        let [height, width] = self.size;
        vec![0.0; height * width * self.channels]
    }

    /// Makes a picture the model's input, and tells whether it has an EXIF orientation, which is
    /// ignored.
    ///
    /// # Errors
    /// [`JobError::Image`] and [`JobError::Preprocessing`], the first time.
    pub(crate) fn read(&self, path: &Path, input: &mut [f32]) -> Result<bool, JobError> {
        if let Some(reoriented) = self.recall(path, input) {
            return Ok(reoriented);
        }
        let image = images::decode(path)?;
        self.preprocessing
            .apply_into(&image, self.size, self.channels, input)?;
        let reoriented = image.is_reoriented_by_exif();
        self.remember(path, input, reoriented);
        Ok(reoriented)
    }

    /// A panic elsewhere leaves whole entries, so what is there stays good.
    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a picture that is kept has an EXIF orientation; its values are in `input` then.
    fn recall(&self, path: &Path, input: &mut [f32]) -> Option<bool> {
        let Image { place, reoriented } = self.lock().images.get(path)?.clone();
        match place {
            Place::Memory(values) => input.copy_from_slice(&values),
            Place::File(start) => {
                let mut bytes = vec![0; input.len() * BYTES];
                // A disk that fails costs the time of decoding again.
                self.lock().read(start, &mut bytes).ok()?;
                let (values, _) = bytes.as_chunks::<BYTES>();
                for (value, bytes) in input.iter_mut().zip(values) {
                    *value = f32::from_ne_bytes(*bytes);
                }
            }
        }
        Some(reoriented)
    }

    fn remember(&self, path: &Path, values: &[f32], reoriented: bool) {
        let mut kept = self.lock();
        if !kept.wanted.contains(path) || kept.images.contains_key(path) {
            return;
        }
        let place = if kept.in_memory + values.len() <= self.most_in_memory {
            kept.in_memory += values.len();
            Place::Memory(values.into())
        } else {
            // A disk that is full costs the time of decoding again.
            match kept.append(values) {
                Some(start) => Place::File(start),
                None => return,
            }
        };
        kept.images
            .insert(path.to_path_buf(), Image { place, reoriented });
    }
}

impl Kept {
    fn read(&mut self, start: usize, bytes: &mut [u8]) -> std::io::Result<()> {
        let mut file = self.file.as_ref().ok_or(std::io::ErrorKind::NotFound)?;
        file.seek(SeekFrom::Start((start * BYTES) as u64))?;
        file.read_exact(bytes)
    }

    /// Writes values to the file, and gives the number of those before them.
    fn append(&mut self, values: &[f32]) -> Option<usize> {
        if self.in_file + values.len() > MOST_IN_FILE {
            return None;
        }
        if self.file.is_none() {
            self.file = tempfile::tempfile().ok();
        }
        let mut file = self.file.as_ref()?;
        let start = self.in_file;
        let bytes: Vec<u8> = values
            .iter()
            .flat_map(|value| value.to_ne_bytes())
            .collect();
        file.seek(SeekFrom::Start((start * BYTES) as u64)).ok()?;
        file.write_all(&bytes).ok()?;
        self.in_file += values.len();
        Some(start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use graph::Graph;
    use keras::OutputKind;

    /// Two pictures of the demo in a folder of their own.
    fn pictures() -> (tempfile::TempDir, [PathBuf; 2]) {
        let flowers = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/flowers");
        let list = images::find_images(&flowers, &images::Extensions::jpeg(), &|| false).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let paths = [0, 1].map(|index| {
            let path = folder.path().join(format!("{index}.jpg"));
            std::fs::copy(&list.paths[index], &path).unwrap();
            path
        });
        (folder, paths)
    }

    fn classifier() -> Classifier {
        Classifier {
            graph: Graph::new("test"),
            layers: Vec::new(),
            size: [16, 16],
            channels: 3,
            outputs: 2,
            output: OutputKind::Scores { classes: 2 },
            activation_bytes: 0,
        }
    }

    #[test]
    fn what_is_asked_for_again_is_decoded_once() {
        let (preprocessing, classifier) = (Preprocessing::default(), classifier());
        // In memory, in the file, and both.
        for most_in_memory in [MOST_IN_MEMORY, 0, 16 * 16 * 3] {
            let (folder, paths) = pictures();
            let images = PreparedImages {
                most_in_memory,
                ..PreparedImages::new(&preprocessing, &classifier)
            };
            images.keep(paths.iter().map(PathBuf::as_path));
            let read = |path: &Path| {
                let mut input = images.room();
                images.read(path, &mut input).map(|_| input)
            };
            let first = paths.each_ref().map(|path| read(path).unwrap());
            assert_ne!(first[0], first[1]);
            drop(folder);
            let again = paths.each_ref().map(|path| read(path).unwrap());
            assert_eq!(first, again, "{most_in_memory}");
        }
    }

    #[test]
    fn other_pictures_are_not_kept() {
        let (preprocessing, classifier) = (Preprocessing::default(), classifier());
        let (folder, [path, _]) = pictures();
        let images = PreparedImages::new(&preprocessing, &classifier);
        let mut input = images.room();
        assert!(images.read(&path, &mut input).is_ok());
        drop(folder);
        assert!(images.read(&path, &mut input).is_err());
    }
}
