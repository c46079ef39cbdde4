//! Configurations, images and labels on a real disk.

use configuration::{Code, Configuration, DiskFacts, Facts, Job, LoadError, Severity};
use std::fs;
use std::path::Path;

const TEXT: &str = r#"{
  "source_keras_model": "model.h5",
  "dataset_image_dir": "dataset/training",
  "batch_size": 2,
  "input_tensor_size": 224,
  "iteration_count": 10,
  "output_dir": "output",
  "evaluate_image_dir": "dataset/validation",
  "evaluate_image_extension": ".jpg",
  "evaluate_label_file": "dataset/labels.json",
  "evaluate_result_dir": "../results",
  "preprocessing": {"//": "as trained", "resize": {"// fit": "whole", "fit": "stretch"}},
  "quantization": {"inference_input_type": "int8", "seed": 7}
}"#;

const PICTURE: &[u8] = include_bytes!("../../../../tests/fixtures/images/decoded/one_pixel.jpg");

/// A project whose model is the only thing that is not real.
fn project() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    for class in ["daisy", "roses"] {
        let class = root.join("dataset/validation").join(class);
        fs::create_dir_all(&class).unwrap();
        fs::write(class.join("1.jpg"), PICTURE).unwrap();
    }
    fs::create_dir_all(root.join("dataset/training/deep/down")).unwrap();
    fs::write(root.join("dataset/training/1.JPG"), PICTURE).unwrap();
    fs::write(root.join("dataset/training/deep/down/2.jpeg"), PICTURE).unwrap();
    fs::write(
        root.join("dataset/labels.json"),
        r#"{"daisy": 0, "roses": 1}"#,
    )
    .unwrap();
    fs::write(root.join("model.h5"), "no model").unwrap();
    fs::write(root.join("configuration.json"), TEXT).unwrap();
    folder
}

fn load(root: &Path) -> Configuration {
    Configuration::load(&root.join("configuration.json"), &DiskFacts).unwrap()
}

/// Codes of the findings, but for the one on the model and for hints.
fn codes(configuration: &Configuration) -> Vec<Code> {
    configuration
        .findings()
        .iter()
        .filter(|finding| finding.severity() > Severity::Hint)
        .map(|finding| finding.code)
        .filter(|code| *code != Code::UnreadableModel)
        .collect()
}

#[test]
fn nothing_found_in_a_sound_project() {
    let project = project();
    assert_eq!(codes(&load(project.path())), []);
}

#[test]
fn findings_on_a_real_disk() {
    let check = |change: &dyn Fn(&Path), expected: &[Code]| {
        let project = project();
        change(project.path());
        assert_eq!(codes(&load(project.path())), expected);
    };
    check(
        &|root| fs::remove_file(root.join("dataset/training/1.JPG")).unwrap(),
        &[Code::BatchSizeExceedsImages],
    );
    check(
        &|root| fs::remove_dir_all(root.join("dataset/training/deep")).unwrap(),
        &[Code::BatchSizeExceedsImages],
    );
    check(
        &|root| {
            fs::remove_dir_all(root.join("dataset/training")).unwrap();
            fs::create_dir(root.join("dataset/training")).unwrap();
        },
        &[Code::NoCalibrationImages],
    );
    check(
        &|root| fs::write(root.join("dataset/labels.json"), "[]").unwrap(),
        &[Code::MalformedLabelFile],
    );
    check(
        &|root| fs::create_dir(root.join("dataset/validation/tulips")).unwrap(),
        &[Code::EmptyClassFolder, Code::FolderWithoutLabel],
    );
    check(
        &|root| fs::create_dir(root.join("dataset/validation/.git")).unwrap(),
        &[],
    );
    check(
        &|root| {
            for class in ["daisy", "roses"] {
                let class = root.join("dataset/validation").join(class);
                fs::rename(class.join("1.jpg"), class.join("1.png")).unwrap();
            }
        },
        &[Code::ExtensionMatchesNothing],
    );
    check(
        &|root| fs::write(root.join("output"), "").unwrap(),
        &[Code::WrongPathKind],
    );
}

#[cfg(unix)]
#[test]
fn symbolic_links_are_refused() {
    use std::os::unix::fs::symlink;
    let check = |link: &str| {
        let project = project();
        let place = project.path().join(link);
        let real = project.path().join("real");
        if place.exists() {
            fs::rename(&place, &real).unwrap();
        }
        symlink(&real, &place).unwrap();
        let found = codes(&load(project.path()));
        assert!(found.contains(&Code::SymbolicLink), "{link}: {found:?}");
    };
    check("model.h5");
    check("dataset");
    check("dataset/training");
    check("dataset/training/deep");
    check("dataset/validation/daisy");
    check("dataset/labels.json");
    check("output");

    let project = project();
    let link = project.path().join("link.json");
    symlink(project.path().join("configuration.json"), &link).unwrap();
    let error = Configuration::load(&link, &DiskFacts).unwrap_err();
    assert!(matches!(error, LoadError::SymbolicLink(_)), "{error}");
}

#[test]
fn files_that_cannot_be_loaded() {
    let project = project();
    let check = |name: &str, content: Option<&[u8]>, expected: &str| {
        let path = project.path().join(name);
        if let Some(content) = content {
            fs::write(&path, content).unwrap();
        }
        let error = Configuration::load(&path, &DiskFacts).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    };
    check("none.json", None, "does not exist");
    check("dataset", None, "is not a file");
    check(
        "latin1.json",
        Some(b"{\"\xe4\": 1}"),
        "not UTF-8 text from byte 2 on",
    );
    check(
        "long.json",
        Some(&vec![b' '; 2 << 20]),
        "more than 1048576 bytes",
    );
}

#[test]
fn a_job_needs_only_what_it_uses() {
    let check = |change: &dyn Fn(&Path), quantize: bool, evaluate: bool| {
        let project = project();
        change(project.path());
        let configuration = load(project.path());
        let sound = |job| {
            let found = configuration.settings_for(job);
            let others = |errors: Vec<&configuration::Finding>| {
                errors
                    .iter()
                    .all(|error| error.code == Code::UnreadableModel)
            };
            found.map_or_else(others, |_| true)
        };
        assert_eq!(
            (sound(Job::Quantize), sound(Job::Evaluate)),
            (quantize, evaluate)
        );
    };
    let remove = |root: &Path, name: &str| fs::remove_dir_all(root.join(name)).unwrap();
    let write = |root: &Path, from: &str, to: &str| {
        fs::write(root.join("configuration.json"), TEXT.replace(from, to)).unwrap();
    };
    check(&|_| {}, true, true);
    check(&|root| remove(root, "dataset/validation"), true, false);
    check(&|root| remove(root, "dataset/training"), false, true);
    check(
        &|root| write(root, "\"batch_size\": 2", "\"batch_size\": 3"),
        false,
        true,
    );
    check(
        &|root| write(root, "\"batch_size\": 2", "\"batch_size\": 0"),
        false,
        false,
    );
    check(&|root| write(root, "\"seed\"", "\"sead\""), false, false);
    check(
        &|root| write(root, "\"model.h5\"", "\"other.h5\""),
        false,
        false,
    );
}

#[test]
fn facts_of_a_real_model() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/keras");
    let check = |name: &str, expected: Result<(Option<usize>, Option<usize>), &str>| {
        let facts = DiskFacts
            .model(&fixtures.join(name), Some([32, 32]))
            .unwrap();
        match (facts, expected) {
            (Ok(facts), Ok(expected)) => assert_eq!((facts.input_height, facts.channels), expected),
            (Err(problem), Err(expected)) => {
                assert!(problem.message.contains(expected), "{problem:?}");
            }
            (facts, _) => panic!("{name}: {facts:?}"),
        }
    };
    check("keras2/open_size.h5", Ok((None, Some(3))));
    check("saved_models/keras3/functional", Ok((Some(16), Some(3))));
    check("keras3/functional.h5", Ok((Some(16), Some(3))));
    check("outputs/keras3/flat", Ok((Some(6), Some(3))));
    check(
        "keras3/normalization.h5",
        Err("has the shape 1 × 4 × 4 × 36"),
    );
    check("hostile/weights_only.h5", Err("only weights"));
    check("keras3/unsupported.h5", Err("cannot be converted"));
    check("keras3/two_inputs.h5", Err("2 inputs"));
}

#[test]
fn the_demo_project_is_sound() {
    let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/flowers");
    assert_eq!(codes(&load(&demo)), []);
}
