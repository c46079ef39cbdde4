use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::{Arc, Mutex, PoisonError};

/// A range of bytes that is read by position: a file or a part of one, or memory.
#[derive(Clone)]
pub(super) struct Section {
    storage: Storage,
    start: u64,
    length: u64,
}

#[derive(Clone)]
enum Storage {
    /// Behind a lock, because copies share the file's position.
    File(Arc<Mutex<File>>),
    Memory(Arc<Vec<u8>>),
}

impl Section {
    /// A whole file.
    pub(super) fn file(file: File) -> io::Result<Self> {
        Ok(Self {
            length: file.metadata()?.len(),
            start: 0,
            storage: Storage::File(Arc::new(Mutex::new(file))),
        })
    }

    pub(super) fn memory(bytes: Vec<u8>) -> Self {
        Self {
            length: bytes.len() as u64,
            start: 0,
            storage: Storage::Memory(Arc::new(bytes)),
        }
    }

    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// A part of the section; `None` when it reaches over the end.
    pub(super) fn part(&self, start: u64, length: u64) -> Option<Self> {
        if start.checked_add(length)? > self.length {
            return None;
        }
        Some(Self {
            storage: self.storage.clone(),
            start: self.start.checked_add(start)?,
            length,
        })
    }

    /// Fills a buffer with the bytes at a position.
    pub(super) fn read_exact_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let end = offset.checked_add(buffer.len() as u64);
        if end.is_none_or(|end| end > self.length) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let start = self.start + offset;
        match &self.storage {
            Storage::File(file) => {
                let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
                file.seek(SeekFrom::Start(start))?;
                file.read_exact(buffer)
            }
            Storage::Memory(bytes) => {
                let mut rest = usize::try_from(start)
                    .ok()
                    .and_then(|start| bytes.get(start..))
                    .unwrap_or(&[]);
                rest.read_exact(buffer)
            }
        }
    }

    /// Reads from the start on, one piece after the other.
    pub(super) fn reader(&self) -> SectionReader<'_> {
        SectionReader {
            section: self,
            position: 0,
        }
    }
}

/// Sequential access to a section.
pub(super) struct SectionReader<'a> {
    section: &'a Section,
    position: u64,
}

impl Read for SectionReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.section.length.saturating_sub(self.position);
        let count = buffer
            .len()
            .min(usize::try_from(left).unwrap_or(usize::MAX));
        let buffer = buffer.get_mut(..count).unwrap_or_default();
        self.section.read_exact_at(self.position, buffer)?;
        self.position += count as u64;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn parts_of_files_and_of_memory_read_the_same() {
        let bytes: Vec<u8> = (0..100).collect();
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&bytes).unwrap();
        for whole in [Section::file(file).unwrap(), Section::memory(bytes.clone())] {
            let part = whole.part(20, 60).unwrap().part(5, 50).unwrap();
            let check = |offset: u64, count: usize, expected: Option<&[u8]>| {
                let mut buffer = vec![0; count];
                let result = part.read_exact_at(offset, &mut buffer);
                assert_eq!(
                    result.ok().map(|()| buffer.as_slice()),
                    expected,
                    "{offset}"
                );
            };
            check(0, 3, Some(&[25, 26, 27]));
            check(48, 2, Some(&[73, 74]));
            check(48, 3, None);
            check(u64::MAX, 1, None);
            assert!(part.part(40, 11).is_none());
            assert!(part.part(u64::MAX, 2).is_none());
            let mut read = Vec::new();
            part.reader().read_to_end(&mut read).unwrap();
            assert_eq!(read, bytes[25..75]);
        }
    }
}
