//! Paths as a configuration writes them.

use std::path::{Component, Path, PathBuf};

/// The path that `written` means in a configuration in `folder`. `..` stays in it: only the file
/// system knows where it leads when the folder itself was reached through a link.
pub(crate) fn absolute(folder: &Path, written: impl AsRef<Path>) -> PathBuf {
    folder.join(written).components().collect()
}

/// The path without `..`, for comparing two paths that may not exist.
pub(crate) fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => {
                normal.pop();
            }
            other => normal.push(other),
        }
    }
    normal
}

/// The path as a configuration in `folder` would write it: relative where it lies in the folder or
/// beside it, with `/` between names.
pub(crate) fn relative(folder: &Path, path: &Path) -> String {
    let written = |path: &Path| {
        path.to_string_lossy()
            .replace(std::path::MAIN_SEPARATOR, "/")
    };
    if let Ok(below) = path.strip_prefix(folder) {
        return if below.as_os_str().is_empty() {
            ".".to_owned()
        } else {
            written(below)
        };
    }
    match folder.parent().filter(|parent| parent.parent().is_some()) {
        Some(parent) => match path.strip_prefix(parent) {
            Ok(beside) => written(&Path::new("..").join(beside)),
            Err(_) => written(path),
        },
        None => written(path),
    }
}

/// The places on the way to `written` that must not be symbolic links, the path itself last:
/// every component of a relative path, and those components of an absolute one that lie below
/// the configuration's folder. What lies above is the machine's matter (`/tmp` and `/home` are
/// links on many machines).
pub(crate) fn places(folder: &Path, written: &str) -> Vec<PathBuf> {
    let path = absolute(folder, written);
    let ours = |place: &&Path| {
        let below = place.strip_prefix(folder);
        below.is_ok_and(|below| below.components().next().is_some())
    };
    let mut places: Vec<PathBuf> = path
        .ancestors()
        .filter(|place| ours(place) || (*place == path && *place != folder))
        .filter(|place| matches!(place.components().next_back(), Some(Component::Normal(_))))
        .map(Path::to_owned)
        .collect();
    places.reverse();
    places
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn places_that_must_not_be_links() {
        let check = |written: &str, expected: &[&str]| {
            let expected: Vec<PathBuf> = expected.iter().map(PathBuf::from).collect();
            assert_eq!(places(Path::new("/a/b"), written), expected, "{written}");
        };
        check("c/d", &["/a/b/c", "/a/b/c/d"]);
        check("./c//d/", &["/a/b/c", "/a/b/c/d"]);
        check("../x/y", &["/a/b/../x", "/a/b/../x/y"]);
        check("c/../d", &["/a/b/c", "/a/b/c/../d"]);
        check("/a/b/c/d", &["/a/b/c", "/a/b/c/d"]);
        check("/tmp/x/y", &["/tmp/x/y"]);
        check(".", &[]);
        check("..", &[]);
        check("/", &[]);
    }

    #[test]
    fn relative_paths() {
        let check = |path: &str, expected: &str| {
            assert_eq!(relative(Path::new("/a/b"), Path::new(path)), expected);
        };
        check("/a/b/c/d", "c/d");
        check("/a/b", ".");
        check("/a/x/y", "../x/y");
        check("/z/y", "/z/y");
        assert_eq!(relative(Path::new("/a"), Path::new("/z")), "/z");
    }

    #[test]
    fn normal_paths() {
        let check = |path: &str, expected: &str| {
            assert_eq!(normal(Path::new(path)), Path::new(expected), "{path}");
        };
        check("/a/b/../c/./d", "/a/c/d");
        check("/../a", "/a");
    }
}
