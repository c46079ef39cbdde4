use crate::Ending;
use crate::job::available_threads;
use crate::print::print;

/// Prints what a problem report needs.
pub(crate) fn doctor() -> Result<Ending, String> {
    let runtime = inference::tflite_runtime_version();
    let lines = [
        ("model-quantizer", env!("CARGO_PKG_VERSION").to_owned()),
        (
            "system",
            format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
        ),
        ("threads", available_threads().to_string()),
        ("tract", inference::TRACT_VERSION.to_owned()),
        (
            "TFLite runtime",
            runtime
                .clone()
                .unwrap_or_else(|| "not in this build; build with: cargo xtask build".to_owned()),
        ),
    ];
    let text: String = lines
        .iter()
        .map(|(name, value)| format!("{name:<17}{value}\n"))
        .collect();
    print(&text)?;
    Ok(if runtime.is_some() {
        Ending::Done
    } else {
        Ending::Findings
    })
}
