use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use hdf5_pure::{FormatError, Source};
use localization::text;

use crate::container::section::Section;
use crate::limits;

/// How many bytes may still be read: in the operation at hand, and from the file in all.
///
/// Damaged files can make a reader follow the same structures over and over. Every byte that the
/// reader allocates for comes out of the file, so counting them bounds memory and time.
#[derive(Clone)]
pub(super) struct Allowance {
    operation: Arc<AtomicU64>,
    total: Arc<AtomicU64>,
}

/// What a read costs at least, so that many tiny ones run out too.
const READ_COST: u64 = 256;

impl Allowance {
    pub(super) fn new(length: u64) -> Self {
        let total = length
            .saturating_mul(4)
            .saturating_add(4 * limits::ATTRIBUTE_BYTES);
        Self {
            operation: Arc::new(AtomicU64::new(limits::ATTRIBUTE_BYTES)),
            total: Arc::new(AtomicU64::new(total)),
        }
    }

    /// Begins an operation that may read so many bytes.
    pub(super) fn start(&self, bytes: u64) {
        self.operation.store(bytes, Ordering::Relaxed);
    }

    fn take(&self, bytes: u64) -> Result<(), FormatError> {
        let cost = bytes.max(READ_COST);
        for counter in [&self.operation, &self.total] {
            let left = counter.load(Ordering::Relaxed);
            let left = left.checked_sub(cost).ok_or_else(|| {
                FormatError::Source(
                    text!("it asks for more data than the file can hold").to_string(),
                )
            })?;
            counter.store(left, Ordering::Relaxed);
        }
        Ok(())
    }
}

/// Bytes read at a time for reads smaller than that; HDF5 metadata comes in pieces of 4 to 256.
const PAGE_BYTES: usize = 16 << 10;
/// Pages kept.
const PAGES: usize = 256;

/// A file that is read through an allowance, by pages where the reads are small.
pub(super) struct MeteredFile {
    pages: Mutex<Pages>,
    length: u64,
    allowance: Allowance,
}

impl MeteredFile {
    pub(super) fn new(file: Section, allowance: Allowance) -> Self {
        let length = file.length();
        let pages = Pages {
            file,
            pages: HashMap::new(),
        };
        Self {
            pages: Mutex::new(pages),
            length,
            allowance,
        }
    }
}

impl Source for MeteredFile {
    fn len(&self) -> u64 {
        self.length
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<(), FormatError> {
        self.allowance.take(buffer.len() as u64)?;
        // Pages that a panic left half read are not in the map.
        let mut pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        let result = if buffer.len() < PAGE_BYTES {
            pages.read_small(offset, buffer)
        } else {
            pages.file.read_exact_at(offset, buffer)
        };
        result.map_err(|error| FormatError::Source(error.to_string()))
    }
}

struct Pages {
    file: Section,
    pages: HashMap<u64, Vec<u8>>,
}

impl Pages {
    fn read_small(&mut self, offset: u64, buffer: &mut [u8]) -> std::io::Result<()> {
        let mut offset = offset;
        let mut rest = buffer;
        while !rest.is_empty() {
            let number = offset / PAGE_BYTES as u64;
            let start = (offset % PAGE_BYTES as u64) as usize;
            let page = self.page(number)?;
            let available = page
                .get(start..)
                .filter(|bytes| !bytes.is_empty())
                .ok_or(std::io::ErrorKind::UnexpectedEof)?;
            let count = available.len().min(rest.len());
            let (now, later) = rest.split_at_mut(count);
            now.copy_from_slice(&available[..count]);
            rest = later;
            offset += count as u64;
        }
        Ok(())
    }

    fn page(&mut self, number: u64) -> std::io::Result<&[u8]> {
        if !self.pages.contains_key(&number) {
            if self.pages.len() >= PAGES {
                self.pages.clear();
            }
            let start = number.saturating_mul(PAGE_BYTES as u64);
            let length = self
                .file
                .length()
                .saturating_sub(start)
                .min(PAGE_BYTES as u64);
            let mut page = vec![0; length as usize];
            self.file.read_exact_at(start, &mut page)?;
            self.pages.insert(number, page);
        }
        Ok(self.pages.get(&number).map_or(&[], Vec::as_slice))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_allowance_runs_out() {
        let allowance = Allowance::new(10);
        allowance.start(1000);
        assert!(allowance.take(600).is_ok());
        assert!(allowance.take(401).is_err());
        assert!(allowance.take(1).is_ok());
        assert!(allowance.take(1).is_err());
    }

    #[test]
    fn reads_cross_pages_and_end_with_the_file() {
        let bytes: Vec<u8> = (0..50_000u32).map(|n| (n % 251) as u8).collect();
        let length = bytes.len() as u64;
        let file = Section::memory(bytes.clone());
        let source = MeteredFile::new(file, Allowance::new(length));
        let check = |offset: usize, count: usize| {
            let mut buffer = vec![0; count];
            let result = source.read_at(offset as u64, &mut buffer);
            match bytes.get(offset..offset + count) {
                Some(expected) => assert_eq!(buffer, expected, "{offset} {count}"),
                None => assert!(result.is_err(), "{offset} {count}"),
            }
        };
        check(0, 8);
        check(16_380, 8);
        check(16_384, 16_383);
        check(10, 40_000);
        check(49_996, 4);
        check(49_997, 4);
        check(60_000, 1);
    }
}
