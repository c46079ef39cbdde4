//! The report of Evaluate: the data, and the page that shows it.

use std::fs;

use serde_json::Value;

use crate::support::{Project, Schema, repository};

/// The page, which has nothing in it that runs or comes from elsewhere.
fn page(project: &Project, path: &str) -> String {
    let page = String::from_utf8(project.read(path)).unwrap();
    assert!(page.contains("Content-Security-Policy\" content=\"default-src 'none'; style-src"));
    for forbidden in [
        "<script",
        "javascript:",
        "http:",
        "https:",
        "<link",
        "<iframe",
    ] {
        assert!(!page.contains(forbidden), "{forbidden} is in {path}");
    }
    page
}

#[test]
fn the_report_says_what_the_results_say() {
    let project = Project::flowers();
    project.job("quantize", &["--quiet"]);
    let evaluated = project.job("evaluate", &[]);
    assert!(
        evaluated.stdout.contains("evaluation_report.html"),
        "{}",
        evaluated.stdout
    );
    let results = project.json("results/results.json");
    let report = project.json("results/evaluation_report.json");
    Schema::load("evaluation_report").check(&report);
    assert_eq!(report["images"], 200);
    for (ours, theirs) in report["models"]
        .as_array()
        .unwrap()
        .iter()
        .zip(results["models"].as_array().unwrap())
    {
        for key in [
            "name",
            "engine",
            "file_bytes",
            "top_1_accuracy",
            "agreement_with_keras",
            "milliseconds_per_image",
        ] {
            assert_eq!(ours[key], theirs[key], "{key}");
        }
    }
    let matrices = report["confusion"]["matrices"].as_array().unwrap();
    for (matrix, model) in matrices.iter().zip(results["models"].as_array().unwrap()) {
        assert_eq!(*matrix, model["confusion"]);
    }
    let count = |kind: &str| report["changes"][kind].as_u64().unwrap();
    let different = count("lost") + count("gained") + count("otherwise_wrong");
    assert_eq!(different + count("same"), 200);
    let correct = |model: usize| -> f64 {
        let accuracy = results["models"][model]["top_1_accuracy"].as_f64().unwrap();
        (accuracy * 200.0).round()
    };
    assert_eq!(
        correct(2) - correct(1),
        count("gained") as f64 - count("lost") as f64
    );

    let page = page(&project, "results/evaluation_report.html");
    for model in results["models"].as_array().unwrap() {
        let percent = 100.0 * model["top_1_accuracy"].as_f64().unwrap();
        assert!(page.contains(&format!("<td>{percent:.1} %</td>")));
    }
    let gallery = report["disagreements"]["images"].as_array().unwrap();
    assert_eq!(gallery.len() as u64, different.min(48));
    assert_eq!(page.matches("<img ").count(), gallery.len());
}

#[test]
fn images_that_change_class_are_shown() {
    let project = Project::small();
    // Calibrated on pictures that are nearly black, int8 can represent little of what it is given.
    project.set("evaluate_preprocessing", "mobilenet");
    let dark = serde_json::json!({"normalization": {"mean": 0, "std": 100_000}});
    project.set("preprocessing", dark);
    project.job("quantize", &["--quiet"]);
    project.job("evaluate", &["--quiet"]);
    let report = project.json("results/evaluation_report.json");
    Schema::load("evaluation_report").check(&report);
    let images = report["disagreements"]["images"].as_array().unwrap();
    assert!(images.len() > 5, "{}", images.len());
    for image in images {
        assert_ne!(image["float"]["class"], image["int8"]["class"]);
        let file = image["file"].as_str().unwrap();
        assert!(project.path("dataset/validation").join(file).is_file());
        let class = image["actual"].as_str().unwrap();
        assert!(file.starts_with(&format!("{class}/")), "{file}");
    }
    let shown = page(&project, "results/evaluation_report.html");
    assert_eq!(
        shown.matches("<img src=\"data:image/jpeg;base64,").count(),
        images.len()
    );

    // The same file twice agrees with itself.
    let float = project.read("output/model.tflite");
    project.write("output/model_quantized.tflite", float);
    project.job("evaluate", &["--quiet"]);
    let report = project.json("results/evaluation_report.json");
    assert_eq!(report["disagreements"]["total"], 0);
    let shown = page(&project, "results/evaluation_report.html");
    assert!(shown.contains("None: <code>model.tflite</code>"));
}

#[cfg(unix)]
#[test]
fn names_stay_text() {
    const NAME: &str = "<img src=x onerror=alert(1)>\"'&\u{202e}";
    let project = Project::small();
    let mut labels = project.json("labels.json");
    let id = labels.as_object_mut().unwrap().remove("daisy").unwrap();
    labels[NAME] = id;
    project.write("labels.json", labels.to_string());
    let folder = |name: &str| project.path("dataset/validation").join(name);
    fs::rename(folder("daisy"), folder(NAME)).unwrap();
    let first = fs::read_dir(folder(NAME)).unwrap().next().unwrap().unwrap();
    fs::rename(first.path(), folder(NAME).join("<script>.jpg")).unwrap();
    project.job("quantize", &["--quiet"]);
    project.job("evaluate", &["--quiet"]);
    let report = project.json("results/evaluation_report.json");
    Schema::load("evaluation_report").check(&report);
    let names = report["classes"].as_array().unwrap();
    assert!(names.iter().any(|class| class["name"] == NAME));
    let page = page(&project, "results/evaluation_report.html");
    assert!(page.contains("&lt;img src=x onerror=alert(1)&gt;&quot;&#39;&amp;\u{fffd}"));
    assert!(!page.contains("<img src=x"));
    assert!(!page.contains('\u{202e}'));
}

/// Both count the work of a model for an image; attention multiplies activations.
#[test]
fn the_inspection_counts_what_the_report_of_a_quantization_does() {
    let project = Project::small();
    let counts = |model: &str| -> (u64, u64) {
        project.job("quantize", &["--quiet"]);
        let report = project.json("output/quantization_report.json");
        let layers = report["layers"].as_array().unwrap().iter();
        let inspected = project.run(&["inspect", model, "--json"]).assert_code(0);
        let inspected: Value = serde_json::from_str(&inspected.stdout).unwrap();
        (
            inspected["macs"].as_u64().unwrap(),
            layers.map(|layer| layer["macs"].as_u64().unwrap()).sum(),
        )
    };
    let (inspected, reported) = counts("model/flowers.h5");
    assert_eq!(inspected, reported);

    let attention = repository("tests/fixtures/keras/saved_models/keras2/attention");
    let attention = attention.to_str().unwrap();
    project.set("source_keras_model", attention);
    project.set("input_tensor_size", 8);
    let (inspected, reported) = counts(attention);
    // Scaling the queries, four with eight features, is a multiplication in Keras and a depthwise
    // convolution in TFLite.
    assert_eq!(inspected + 4 * 8, reported);
}
