//! Which paths may be looked at.

use std::path::{Component, Path, PathBuf};

/// What the user trusts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Trust {
    /// Whether files and folders anywhere may be read.
    pub(crate) everything: bool,
    /// Otherwise only names, kinds and sizes in these folders may be asked for.
    pub(crate) folders: Vec<PathBuf>,
}

impl Trust {
    /// Whether one may ask what lies at a path.
    pub(crate) fn covers(&self, path: &Path) -> bool {
        self.everything || {
            let path = normal(path);
            self.folders
                .iter()
                .any(|folder| path.starts_with(normal(folder)))
        }
    }
}

/// The path without `.` and `..`.
pub(crate) fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                normal.pop();
            }
            other => normal.push(other),
        }
    }
    normal
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn paths_that_may_be_looked_at() {
        let check = |everything, path: &str, expected| {
            let folders = vec![PathBuf::from("/w/project"), PathBuf::from("/w/other/")];
            let trust = Trust {
                everything,
                folders,
            };
            assert_eq!(trust.covers(Path::new(path)), expected, "{path}");
        };
        check(true, "/etc", true);
        check(false, "/etc", false);
        check(false, "/w/project", true);
        check(false, "/w/project/data", true);
        check(false, "/w/other/data", true);
        check(false, "/w/projects", false);
        check(false, "/w/project/../secret", false);
        check(false, "/w/project/../project/x", true);
    }
}
