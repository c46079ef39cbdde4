//! What the paths of a configuration are for.

/// What a path in a configuration is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathRole {
    /// The Keras model.
    Model,
    /// The folder of calibration images.
    CalibrationImages,
    /// The folder of class folders.
    EvaluationImages,
    /// The label file.
    Labels,
    /// A file that describes a target.
    Target,
    /// A folder that a job writes to, and creates where need be.
    Output,
}

impl PathRole {
    /// The keys that hold paths, in the order of the schema. That of the target may hold a name too.
    pub(crate) const KEYS: [(&'static str, PathRole); 7] = [
        ("source_keras_model", PathRole::Model),
        ("dataset_image_dir", PathRole::CalibrationImages),
        ("output_dir", PathRole::Output),
        ("evaluate_image_dir", PathRole::EvaluationImages),
        ("evaluate_label_file", PathRole::Labels),
        ("evaluate_result_dir", PathRole::Output),
        ("target", PathRole::Target),
    ];

    /// The role of the path under a key of the configuration.
    pub(crate) fn of_key(key: &str) -> Option<PathRole> {
        let mut keys = PathRole::KEYS.into_iter();
        keys.find(|(name, _)| *name == key).map(|(_, role)| role)
    }
}
