use crate::Ending;
use crate::job::available_threads;

/// Prints what a problem report needs.
pub(crate) fn doctor() -> Result<Ending, String> {
    println!("model-quantizer  {}", env!("CARGO_PKG_VERSION"));
    println!(
        "system           {} {}",
        std::env::consts::OS,
        std::env::consts::ARCH
    );
    println!("threads          {}", available_threads());
    println!("tract            {}", inference::TRACT_VERSION);
    match inference::tflite_runtime_version() {
        Some(version) => {
            println!("TFLite runtime   {version}");
            Ok(Ending::Done)
        }
        None => {
            println!("TFLite runtime   not in this build; build with: cargo xtask build");
            Ok(Ending::Findings)
        }
    }
}
