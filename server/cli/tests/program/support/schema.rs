use serde_json::Value;

use super::repository;

/// A schema from the folder `schemas`.
pub(crate) struct Schema(jsonschema::Validator);

impl Schema {
    /// `name` is the file's name before `.schema.json`.
    pub(crate) fn load(name: &str) -> Self {
        let path = repository(&format!("schemas/{name}.schema.json"));
        let schema = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        Self(jsonschema::draft202012::new(&schema).unwrap())
    }

    #[track_caller]
    pub(crate) fn check(&self, instance: &Value) {
        let errors: Vec<String> = self
            .0
            .iter_errors(instance)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{errors:#?} in {instance}");
    }
}
