//! What tells, without looking inside, whether a file or a folder is still what it was.

use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// A file that was written so shortly before it was read may have been written again since within
/// the same tick of its time stamp, which is two seconds on some file systems.
const COARSEST_TICK: Duration = Duration::from_millis(2100);

/// Kind, length and time of what lies at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    is_folder: bool,
    is_link: bool,
    length: u64,
    modified: Option<SystemTime>,
}

impl Mark {
    /// The mark of what lies at `path` now; `None` where nothing does.
    pub(crate) fn of(path: &Path) -> Option<Mark> {
        fs::symlink_metadata(path).ok().as_ref().map(Mark::from)
    }
}

impl From<&Metadata> for Mark {
    fn from(metadata: &Metadata) -> Mark {
        Mark {
            is_folder: metadata.is_dir(),
            is_link: metadata.is_symlink(),
            // The length of a folder says nothing.
            length: if metadata.is_file() {
                metadata.len()
            } else {
                0
            },
            modified: metadata.modified().ok(),
        }
    }
}

/// The marks of everything that an answer depends on.
#[derive(Clone, Debug)]
pub(super) struct Stamp {
    places: Vec<(PathBuf, Option<Mark>)>,
    taken: SystemTime,
}

impl Stamp {
    /// The stamp of a file, or of a folder with all folders below it: names that appear or vanish
    /// change the time of their folder. With `files`, the files in them count as well.
    pub(super) fn of(path: &Path, files: bool, cancelled: &dyn Fn() -> bool) -> Stamp {
        let taken = SystemTime::now();
        let mut places = Vec::new();
        let mut waiting = vec![path.to_owned()];
        while let Some(place) = waiting.pop() {
            if cancelled() {
                break;
            }
            let mark = Mark::of(&place);
            if mark.is_some_and(|mark| mark.is_folder) {
                // What cannot be listed cannot be counted either.
                let entries = fs::read_dir(&place).into_iter().flatten().flatten();
                waiting.extend(entries.filter_map(|entry| {
                    let kind = entry.file_type().ok()?;
                    (kind.is_dir() || (files && kind.is_file())).then(|| entry.path())
                }));
            }
            places.push((place, mark));
        }
        Stamp { places, taken }
    }

    /// The stamp with more files in it.
    pub(super) fn and<'a>(mut self, files: impl IntoIterator<Item = &'a Path>) -> Stamp {
        let marks = files
            .into_iter()
            .map(|file| (file.to_owned(), Mark::of(file)));
        self.places.extend(marks);
        self
    }

    /// Whether everything is as it was.
    pub(super) fn holds(&self) -> bool {
        self.places
            .iter()
            .all(|(place, mark)| Mark::of(place) == *mark)
    }

    /// Whether a later change would certainly show.
    pub(super) fn is_reliable(&self) -> bool {
        let newest = self
            .places
            .iter()
            .filter_map(|(_, mark)| mark.as_ref()?.modified)
            .max();
        newest.is_none_or(|newest| newest + COARSEST_TICK < self.taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;

    fn age(path: &Path) {
        let before = SystemTime::now() - Duration::from_secs(60);
        File::open(path).unwrap().set_modified(before).unwrap();
    }

    #[test]
    fn changes_show() {
        let check = |files: bool, change: &dyn Fn(&Path), expected: bool| {
            let folder = tempfile::tempdir().unwrap();
            let (root, class) = (folder.path(), folder.path().join("class"));
            fs::create_dir(&class).unwrap();
            fs::write(class.join("a.jpg"), "a").unwrap();
            for path in [&class.join("a.jpg"), &class, root] {
                age(path);
            }
            let stamp = Stamp::of(root, files, &|| false);
            assert!(stamp.holds() && stamp.is_reliable());
            change(&class);
            assert_eq!(stamp.holds(), expected);
        };
        check(false, &|_| {}, true);
        check(
            false,
            &|class| fs::write(class.join("b.jpg"), "b").unwrap(),
            false,
        );
        check(
            false,
            &|class| fs::remove_file(class.join("a.jpg")).unwrap(),
            false,
        );
        check(
            false,
            &|class| fs::create_dir(class.join("deep")).unwrap(),
            false,
        );
        check(false, &|class| fs::remove_dir_all(class).unwrap(), false);
        check(
            false,
            &|class| fs::write(class.join("a.jpg"), "longer").unwrap(),
            true,
        );
        check(
            true,
            &|class| fs::write(class.join("a.jpg"), "longer").unwrap(),
            false,
        );
    }

    #[test]
    fn what_has_just_been_written_is_not_relied_on() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let stamp = || Stamp::of(file.path(), true, &|| false);
        assert!(!stamp().is_reliable());
        age(file.path());
        assert!(stamp().is_reliable());
        assert!(Stamp::of(Path::new("/not/there"), true, &|| false).is_reliable());
    }
}
