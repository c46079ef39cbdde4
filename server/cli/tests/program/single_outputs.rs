//! Models whose output is a single number: two classes, or none.

use serde_json::Value;

use crate::support::{Finished, Project, Schema, fixture};

/// The demo project with pictures of dandelions and roses alone, and a model of this folder's fixtures.
fn project(model: &str) -> Project {
    let project = Project::flowers();
    for part in ["training", "validation"] {
        for other in ["daisy", "sunflowers", "tulips"] {
            std::fs::remove_dir_all(project.path(format!("dataset/{part}/{other}"))).unwrap();
        }
    }
    std::fs::copy(fixture(model), project.path("model/single.h5")).unwrap();
    project.write("labels.json", r#"{"dandelion": 0, "roses": 1}"#);
    project.set("source_keras_model", "model/single.h5");
    project.set("input_tensor_size", 24);
    let pixels = serde_json::json!({"normalization": {"mean": 0, "std": 255}});
    project.set("preprocessing", pixels);
    project.set("iteration_count", 12);
    project.set("quantization", serde_json::json!({"effort": "fast"}));
    project
}

fn check(project: &Project) -> Finished {
    project.run(&["check", "configuration.json"])
}

#[test]
fn a_probability_and_a_logit_are_two_classes() {
    let run = |model: &str, kind: &str| -> [Value; 2] {
        let project = project(&format!("{kind}.h5"));
        check(&project).assert_code(0);
        project.job("quantize", &[]);
        let report = project.json("output/quantization_report.json");
        Schema::load("quantization_report").check(&report);
        assert_eq!(report["output"]["kind"], kind, "{model}");
        assert_eq!(report["output"]["classes"], 2);
        assert!(report["comparison"]["top_1_agreement"].as_f64().unwrap() > 0.9);
        project.job("evaluate", &[]);
        let results = project.json("results/results.json");
        Schema::load("results").check(&results);
        assert_eq!(results["output_kind"], kind);
        let evaluation = project.json("results/evaluation_report.json");
        Schema::load("evaluation_report").check(&evaluation);
        let said = evaluation["output"]["description"].as_str().unwrap();
        assert!(
            said.contains("\"roses\"") && said.ends_with("stand for \"dandelion\""),
            "{said}"
        );
        let page = project.read("results/evaluation_report.html");
        let page = String::from_utf8(page).unwrap();
        assert!(page.contains(&format!("the {kind} of")), "{page}");
        [results["models"].clone(), results["warnings"].clone()]
    };
    let probability = run("a sigmoid", "probability");
    let [models, warnings] = &probability;
    assert_eq!(warnings, &Value::from(Vec::<Value>::new()));
    for model in models.as_array().unwrap() {
        assert!(
            model["top_1_accuracy"].as_f64().unwrap() > 0.65,
            "{model:#}"
        );
        let confusion = model["confusion"].as_array().unwrap();
        assert_eq!(confusion.len(), 2);
        assert_eq!(confusion[0].as_array().unwrap().len(), 2);
        // Both answers are given.
        let given = |answer: usize| -> u64 {
            let rows = confusion.iter();
            rows.map(|row| row[answer].as_u64().unwrap()).sum()
        };
        assert!(given(0) > 10 && given(1) > 10, "{model:#}");
    }
    // The same weights, without the sigmoid.
    let logit = run("no activation", "logit");
    for (model, other) in [(0, 0), (1, 1)] {
        assert_eq!(
            logit[0][model]["confusion"],
            probability[0][other]["confusion"]
        );
    }
}

#[test]
fn labels_of_a_single_output_have_the_numbers_0_and_1() {
    let project = project("probability.h5");
    project.write(
        "labels.json",
        r#"{"dandelion": 0, "roses": 1, "tulips": 2}"#,
    );
    let checked = check(&project).assert_code(1);
    let sentence =
        "the model's single output tells 2 classes apart, which have the numbers 0 and 1";
    assert!(checked.stdout.contains(sentence), "{checked:#?}");
    let inspected = project.run(&["inspect", "model/single.h5"]).assert_code(0);
    let answer = "answer      2 classes, as the probability of class 1; values below one half stand for class 0";
    assert!(inspected.stdout.contains(answer), "{}", inspected.stdout);
}

#[test]
fn a_regressor_is_quantized_but_not_evaluated() {
    let project = project("regressor.h5");
    let sentence = "the model's single output has no activation and was trained with the loss mse, so the model is a regressor";
    let checked = check(&project).assert_code(1);
    assert!(checked.stdout.contains(sentence), "{checked:#?}");
    project.job("quantize", &[]);
    let report = project.json("output/quantization_report.json");
    Schema::load("quantization_report").check(&report);
    assert_eq!(report["output"]["kind"], "number");
    assert_eq!(report["comparison"]["top_1_agreement"], Value::Null);
    let evaluated = project.run(&["evaluate", "configuration.json"]);
    assert_ne!(evaluated.code, Some(0));
    evaluated.assert_error(&[sentence]);
}
