//! Names of the files that jobs write.

use std::path::{Path, PathBuf};

/// Name of the float model in `output_dir`.
pub const FLOAT_MODEL: &str = "model.tflite";

/// Name of the int8 model in `output_dir`.
pub const QUANTIZED_MODEL: &str = "model_quantized.tflite";

/// Name of the report's data in `output_dir`.
pub const QUANTIZATION_REPORT: &str = "quantization_report.json";

/// Name of the report's page in `output_dir`.
pub const QUANTIZATION_REPORT_PAGE: &str = "quantization_report.html";

/// Name of the file with the results in `evaluate_result_dir`.
pub const RESULTS: &str = "results.json";

/// Name of the report's data in `evaluate_result_dir`.
pub const EVALUATION_REPORT: &str = "evaluation_report.json";

/// Name of the report's page in `evaluate_result_dir`.
pub const EVALUATION_REPORT_PAGE: &str = "evaluation_report.html";

/// The models that Quantize writes to a folder: float, int8.
pub(crate) fn model_paths(output_dir: &Path) -> [PathBuf; 2] {
    [FLOAT_MODEL, QUANTIZED_MODEL].map(|name| output_dir.join(name))
}
