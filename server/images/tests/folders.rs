//! Data set folders: what is found, what is warned of, what is refused.

#![allow(clippy::unwrap_used, reason = "a failure here fails the test")]

use std::cell::Cell;
use std::fs;
use std::path::{Path, PathBuf};

use images::{
    DatasetError, Extensions, ImageList, LabelledImages, Labels, find_images, labelled_images,
};
use tempfile::TempDir;

/// A folder with these files, empty; a name that ends with a slash is a folder.
fn folder(files: &[&str]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for file in files {
        let path = folder.path().join(file);
        if file.ends_with('/') {
            fs::create_dir_all(path).unwrap();
        } else {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
    }
    folder
}

fn labels(names: &[&str]) -> Labels {
    let folder = tempfile::tempdir().unwrap();
    let entries: Vec<String> = names
        .iter()
        .enumerate()
        .map(|(id, name)| format!("\"{name}\": {id}"))
        .collect();
    let path = folder.path().join("labels.json");
    fs::write(&path, format!("{{{}}}", entries.join(","))).unwrap();
    Labels::read(&path).unwrap()
}

fn jpegs(folder: &Path) -> Result<ImageList, DatasetError> {
    find_images(folder, &Extensions::jpeg(), &|| false)
}

fn labelled(folder: &Path, names: &[&str]) -> Result<LabelledImages, DatasetError> {
    let extensions = Extensions::exactly(".jpg").unwrap();
    labelled_images(folder, &extensions, &labels(names), &|| false)
}

/// The path below the folder, with slashes.
fn relative(path: &Path, folder: &TempDir) -> String {
    let path = path.strip_prefix(folder.path()).unwrap();
    path.to_string_lossy().replace('\\', "/")
}

/// The message without the temporary folder's own name.
fn message(error: &dyn std::error::Error, folder: &TempDir) -> String {
    let path = folder.path().display().to_string();
    error.to_string().replace(&path, "DIR").replace('\\', "/")
}

#[test]
fn pictures_are_found_in_order() {
    let folder = folder(&[
        "b.jpg",
        "B.JPEG",
        "a/z.jpg",
        "a/b/c.jpg",
        "a-1.jpg",
        "ä.jpg",
        "a/note.txt",
        "x.png",
        "y.png",
        ".hidden.jpg",
        ".git/a.jpg",
        "__MACOSX/b.jpg",
        "empty/",
    ]);
    let list = jpegs(folder.path()).unwrap();
    let found: Vec<String> = list
        .paths
        .iter()
        .map(|path| relative(path, &folder))
        .collect();
    assert_eq!(
        found,
        [
            "B.JPEG",
            "a/b/c.jpg",
            "a/z.jpg",
            "a-1.jpg",
            "b.jpg",
            "ä.jpg"
        ]
    );
    assert!(list.paths.is_sorted());
    assert_eq!(list.hidden, 3);
    let warnings: Vec<String> = list.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(
        warnings,
        ["3 file(s) with another extension are left out (2 .png, 1 .txt)"]
    );
}

#[test]
fn folders_without_pictures() {
    let check = |files: &[&str], extension: &str, expected: &str| {
        let folder = folder(files);
        let extensions = Extensions::exactly(extension).unwrap();
        let error = find_images(folder.path(), &extensions, &|| false).unwrap_err();
        assert_eq!(message(&error, &folder), expected);
    };
    check(
        &[],
        "jpg",
        "folder DIR has no .jpg file; put pictures there or name another folder",
    );
    check(
        &["a/1.JPG", "a/2.JPG", "b/3.png", "README"],
        ".jpg",
        "folder DIR has no .jpg file, but 2 .JPG, 1 .png, 1 without extension; name the extension exactly, capitals included, or another folder",
    );
}

#[test]
fn folders_that_cannot_be_searched() {
    let folder = folder(&["a.jpg"]);
    let check = |path: PathBuf, expected: &str| {
        let error = jpegs(&path).unwrap_err();
        let message = message(&error, &folder);
        assert!(message.starts_with(expected), "{message}");
    };
    check(
        folder.path().join("none"),
        "folder DIR/none cannot be listed: ",
    );
    check(folder.path().join("a.jpg"), "DIR/a.jpg is not a folder");
    let deep: PathBuf = (0..33).map(|depth| depth.to_string()).collect();
    fs::create_dir_all(folder.path().join(deep)).unwrap();
    let error = jpegs(folder.path()).unwrap_err();
    assert!(
        matches!(error, DatasetError::TooDeep { limit: 32, .. }),
        "{error}"
    );
}

#[cfg(unix)]
#[test]
fn symbolic_links_are_refused() {
    use std::os::unix::fs::symlink;

    let elsewhere = folder(&["class/a.jpg"]);
    let check = |link: &str, target: &Path| {
        let folder = folder(&["class/b.jpg"]);
        symlink(target, folder.path().join(link)).unwrap();
        let expected =
            format!("DIR/{link} is a symbolic link; put the file or folder itself there");
        let error = jpegs(folder.path()).unwrap_err();
        assert_eq!(message(&error, &folder), expected);
        let error = labelled(folder.path(), &["class"]).unwrap_err();
        assert_eq!(message(&error, &folder), expected);
    };
    check("link", elsewhere.path());
    check("class/link.jpg", &elsewhere.path().join("class/a.jpg"));
    check("loop", Path::new("."));
    check("broken.jpg", Path::new("nowhere"));

    let folder = folder(&[]);
    let link = folder.path().join("link");
    symlink(elsewhere.path(), &link).unwrap();
    let error = jpegs(&link).unwrap_err();
    assert!(
        matches!(error, DatasetError::SymbolicLink { .. }),
        "{error}"
    );
}

#[cfg(unix)]
#[test]
fn sockets_named_like_pictures_are_refused() {
    let folder = folder(&["a.jpg"]);
    let _socket = std::os::unix::net::UnixListener::bind(folder.path().join("b.jpg")).unwrap();
    let error = jpegs(folder.path()).unwrap_err();
    assert_eq!(
        message(&error, &folder),
        "DIR/b.jpg is named like a picture but is not a regular file; remove it"
    );
}

#[test]
fn a_search_can_be_cancelled() {
    let folder = folder(&["class/a.jpg", "class/b.jpg", "class/c.jpg"]);
    for allowed in 0..4 {
        let asked = Cell::new(0);
        let cancelled = || asked.replace(asked.get() + 1) >= allowed;
        let result = find_images(folder.path(), &Extensions::jpeg(), &cancelled);
        assert!(matches!(result, Err(DatasetError::Cancelled)), "{allowed}");
    }
}

#[test]
fn folders_name_the_classes() {
    let folder = folder(&[
        "tulips/1.jpg",
        "daisy/2.jpg",
        "daisy/more/3.jpg",
        "roses/4.jpg",
    ]);
    let found = labelled(folder.path(), &["daisy", "roses", "tulips"]).unwrap();
    let images: Vec<(String, usize)> = found
        .images
        .iter()
        .map(|image| (relative(&image.path, &folder), image.class))
        .collect();
    let expected = [
        ("daisy/2.jpg", 0),
        ("daisy/more/3.jpg", 0),
        ("roses/4.jpg", 1),
        ("tulips/1.jpg", 2),
    ];
    assert_eq!(
        images,
        expected.map(|(path, class)| (path.to_owned(), class))
    );
    assert_eq!(found.warnings, []);
}

#[test]
fn warnings_tell_what_is_left_out() {
    let folder = folder(&[
        "daisy/1.jpg",
        "daisy/2.JPG",
        "roses/",
        "loose.jpg",
        "labels.json",
        ".cache/x",
    ]);
    let found = labelled(folder.path(), &["daisy", "roses", "tulips"]).unwrap();
    assert_eq!(found.images.len(), 1);
    assert_eq!(found.hidden, 1);
    let warnings: Vec<String> = found
        .warnings
        .iter()
        .map(|warning| message(warning, &folder))
        .collect();
    assert_eq!(
        warnings,
        [
            "label \"tulips\" has no folder: no picture of this class is evaluated",
            "class folder \"roses\" has no picture",
            "1 picture(s) outside the class folders, such as DIR/loose.jpg, are left out",
            "2 file(s) with another extension are left out (1 .JPG, 1 .json)",
        ]
    );
}

#[test]
fn labelled_folders_that_are_refused() {
    let check = |files: &[&str], names: &[&str], expected: &str| {
        let folder = folder(files);
        let error = labelled(folder.path(), names).unwrap_err();
        assert_eq!(message(&error, &folder), expected);
    };
    check(
        &["Daisy/1.jpg", "roses/2.jpg"],
        &["daisy", "roses"],
        "folder \"Daisy\" is not in the label file, which has \"daisy\" (names are case sensitive); add each class there, or rename or remove its folder in DIR",
    );
    check(
        &["a/1.jpg", "b/", "c/2.jpg", "d/3.jpg", "e/4.jpg"],
        &["a"],
        "4 folders (\"b\", \"c\", \"d\", …) are not in the label file; add each class there, or rename or remove its folder in DIR",
    );
    check(
        &["1.jpg", "2.jpg", "a/"],
        &["a"],
        "the 2 pictures in folder DIR are in no class folder; put those of each class into a folder of its name",
    );
    check(
        &["a/1.png", "note.txt"],
        &["a"],
        "folder DIR has no .jpg file, but 1 .png, 1 .txt; name the extension exactly, capitals included, or another folder",
    );
}

#[cfg(target_os = "linux")]
#[test]
fn class_folders_whose_name_is_not_unicode_are_not_in_the_label_file() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let folder = folder(&["a/1.jpg"]);
    fs::create_dir(folder.path().join(OsStr::from_bytes(b"\xff"))).unwrap();
    let error = labelled(folder.path(), &["a", "\u{fffd}"]).unwrap_err();
    assert!(matches!(error, DatasetError::Unlabelled { .. }), "{error}");
}
