//! Bad input ends in exit code 2 and one sentence, and leaves everything as it was.

use std::fs;
use std::process::Command;

use serde_json::json;

use crate::support::{Finished, PROGRAM, Project, fixture, repository};

/// Spoils a project and checks how `job` refuses it: with nothing in the output folders, which do
/// not exist then, and with earlier results in them.
#[track_caller]
fn check(job: &str, spoil: impl Fn(&Project), parts: &[&str]) {
    check_run(spoil, parts, |project| {
        project.run(&[job, "configuration.json"])
    });
}

#[track_caller]
fn check_run(spoil: impl Fn(&Project), parts: &[&str], run: impl Fn(&Project) -> Finished) {
    for earlier_results in [false, true] {
        let project = Project::small();
        if earlier_results {
            project.write("output/model.tflite", "earlier model");
            project.write("output/model_quantized.tflite", "earlier quantized model");
            project.write("results/results.json", "earlier results");
        }
        spoil(&project);
        let before = project.snapshot();
        run(&project).assert_code(2).assert_error(parts);
        before.assert_unchanged(&project);
    }
}

fn set_model(project: &Project, path: &std::path::Path) {
    project.set("source_keras_model", path.to_str().unwrap());
}

#[test]
fn models_that_are_no_whole_sound_classifiers() {
    let cut_off = |project: &Project| {
        let model = project.read("model/flowers.h5");
        project.write("model/flowers.h5", &model[..model.len() / 2]);
    };
    check(
        "quantize",
        cut_off,
        &["flowers.h5", "cut off", "copy or download it again"],
    );
    let model = |path: &'static str| move |project: &Project| set_model(project, &repository(path));
    check(
        "quantize",
        model("tests/fixtures/keras/hostile/weights_only.h5"),
        &["weights_only.h5", "holds only weights", "model.save()"],
    );
    let a_text = |project: &Project| project.set("source_keras_model", "labels.json");
    check("quantize", a_text, &["labels.json", "not a Keras model"]);
    let undefined = |project: &Project| {
        set_model(project, &fixture("nan.h5"));
        project.set("input_tensor_size", 8);
    };
    check("quantize", undefined, &["nan.h5", "\"edges\"", "NaN"]);
}

#[test]
fn settings_that_do_not_fit_the_model() {
    let size = |project: &Project| project.set("input_tensor_size", 64);
    check(
        "quantize",
        size,
        &["input_tensor_size", "64", "96", "write 96"],
    );
    let grey = |project: &Project| {
        set_model(project, &fixture("grey.h5"));
        project.set("input_tensor_size", 8);
        project.set(
            "preprocessing",
            json!({"normalization": {"mean": [127, 128, 129], "std": [1, 2, 3]}}),
        );
    };
    check(
        "quantize",
        grey,
        &["normalization has 3 values", "input has 1"],
    );
    let labels = |project: &Project| project.write("labels.json", r#"{"daisy": 0, "roses": 1}"#);
    check("evaluate", labels, &["labels.json", "5", "2"]);
}

#[test]
fn images_that_are_not_usable() {
    let png = |project: &Project| {
        let picture = fs::read(repository("tests/fixtures/images/impostors/png.jpg")).unwrap();
        project.write("dataset/training/roses/roses_001.jpg", picture);
    };
    check("quantize", png, &["roses_001.jpg", "PNG"]);
    let batch = |project: &Project| project.set("batch_size", 21);
    check("quantize", batch, &["batch_size", "21", "20 images"]);
    let absent = |project: &Project| project.set("dataset_image_dir", "absent");
    check("quantize", absent, &["`absent` does not exist"]);
    let empty = |project: &Project| {
        fs::create_dir(project.path("empty")).unwrap();
        project.set("evaluate_image_dir", "empty");
    };
    check("evaluate", empty, &["`empty`"]);
}

#[cfg(unix)]
#[test]
fn symbolic_links() {
    for (key, job) in [
        ("dataset_image_dir", "quantize"),
        ("evaluate_image_dir", "evaluate"),
    ] {
        let link = |project: &Project| {
            std::os::unix::fs::symlink("dataset/training", project.path("link")).unwrap();
            project.set(key, "link");
        };
        check(
            job,
            link,
            &["`link`", "symbolic link", "give the path that it leads to"],
        );
    }
}

#[test]
fn output_folders_that_cannot_be_written() {
    // Tests may run as root, whom no permission bits stop; a file in the way stops everyone.
    for (key, job) in [
        ("output_dir", "quantize"),
        ("evaluate_result_dir", "evaluate"),
    ] {
        let below_a_file = |project: &Project| project.set(key, "labels.json/folder");
        check(
            job,
            below_a_file,
            &["labels.json", "is a file", "choose another"],
        );
    }
    let a_file = |project: &Project| project.set("output_dir", "labels.json");
    check("quantize", a_file, &["labels.json", "choose another"]);
    if cfg!(target_os = "linux") {
        // Nobody can make a folder there.
        let read_only = |project: &Project| project.set("output_dir", "/proc/output");
        check(
            "quantize",
            read_only,
            &["\"/proc/output\"", "check the folder"],
        );
    }
}

/// A limit on the size of files stands in for a full disk, which needs a file system of its own:
/// the file is made, and writing to it fails half-way.
#[cfg(unix)]
#[test]
fn a_disk_that_fills_up() {
    let limited = |job: &str, project: &Project| -> Finished {
        let script = "ulimit -f 1; trap '' XFSZ; exec \"$0\" \"$@\"";
        let mut command = Command::new("sh");
        command
            .args(["-c", script, PROGRAM, job, "configuration.json"])
            .current_dir(project.path(""));
        command.output().unwrap().into()
    };
    let parts = ["cannot write", "model", ".tflite", "run the job again"];
    check_run(|_| {}, &parts, |project| limited("quantize", project));

    let project = Project::small();
    project.job("quantize", &[]);
    project.write("results/results.json", "earlier results");
    let before = project.snapshot();
    let parts = ["cannot write", "results.json", "run the job again"];
    limited("evaluate", &project)
        .assert_code(2)
        .assert_error(&parts);
    before.assert_unchanged(&project);
}

#[test]
fn a_label_file_is_needed_only_to_evaluate() {
    let absent = |project: &Project| fs::remove_file(project.path("labels.json")).unwrap();
    check("evaluate", absent, &["`labels.json` does not exist"]);
    let project = Project::small();
    absent(&project);
    project.job("quantize", &[]);
}

#[test]
fn evaluation_needs_models_of_this_configuration() {
    let absent = |project: &Project| {
        let _ = fs::remove_dir_all(project.path("output"));
    };
    check("evaluate", absent, &["model.tflite", "run Quantize"]);

    let project = Project::small();
    project.job("quantize", &[]);
    let models = ["output/model.tflite", "output/model_quantized.tflite"];
    for model in models {
        let contents = project.read(model);
        project.write(model, &contents[..contents.len() / 2]);
        let before = project.snapshot();
        let finished = project.run(&["evaluate", "configuration.json"]);
        finished
            .assert_code(2)
            .assert_error(&["damaged or cut off", "write it again"]);
        before.assert_unchanged(&project);
        project.write(model, contents);
    }

    set_model(&project, &fixture("grey.h5"));
    project.set("input_tensor_size", 8);
    let before = project.snapshot();
    let finished = project.run(&["evaluate", "configuration.json"]);
    finished
        .assert_code(2)
        .assert_error(&["another Keras model", "run Quantize"]);
    before.assert_unchanged(&project);
}

#[test]
fn evaluation_leaves_unreadable_images_out_and_says_so() {
    let project = Project::small();
    project.job("quantize", &[]);
    let pictures: Vec<_> = fs::read_dir(project.path("dataset/validation/tulips"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    fs::write(&pictures[0], "no picture").unwrap();
    let finished = project
        .run(&["evaluate", "configuration.json", "--quiet"])
        .assert_code(1);
    assert_eq!(finished.stdout, "");
    let warnings: Vec<&str> = finished.stderr.lines().collect();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    let name = pictures[0].file_name().unwrap().to_str().unwrap();
    assert!(
        warnings[0].starts_with("warning: 1 of 20 images"),
        "{warnings:?}"
    );
    assert!(warnings[0].contains(name), "{warnings:?}");
    let results = project.json("results/results.json");
    assert_eq!(results["images"], 19);
    let unreadable = results["unreadable_images"].as_array().unwrap();
    assert_eq!(unreadable.len(), 1);
    assert_eq!(unreadable[0]["path"], pictures[0].to_str().unwrap());

    for folder in fs::read_dir(project.path("dataset/validation")).unwrap() {
        for picture in fs::read_dir(folder.unwrap().path()).unwrap() {
            fs::write(picture.unwrap().path(), "no picture").unwrap();
        }
    }
    let before = project.snapshot();
    let finished = project.run(&["evaluate", "configuration.json"]);
    finished
        .assert_code(2)
        .assert_error(&["none of the 20 images", "validation"]);
    before.assert_unchanged(&project);
}
