//! Whether the runtime takes what was made.

use inference::{Kernels, Model as _, TfliteModel};
use localization::{Phrase, phrase};

use crate::context::Context;
use crate::error::JobError;
use crate::event::{Level, Stage};

/// Loads the quantized model and runs it once with each set of kernels.
pub(super) fn verify(model: &[u8], context: &mut Context) -> Result<(), JobError> {
    if inference::tflite_runtime_version().is_none() {
        context.log(
            Level::Info,
            phrase!(
                "the quantized model was not tried out, because this build has no TFLite runtime"
            ),
        );
        return Ok(());
    }
    context.begin(
        Stage::Verify,
        phrase!("trying the quantized model out"),
        0,
        Phrase::NONE,
    );
    for kernels in [Kernels::Xnnpack, Kernels::Builtin] {
        let model = TfliteModel::from_bytes(model, kernels).map_err(JobError::Unusable)?;
        let mut engine = model.engine().map_err(JobError::Unusable)?;
        let zeros = vec![0.0; engine.input_shape().iter().product()];
        engine.run(&zeros).map_err(JobError::Unusable)?;
        context.check_cancelled()?;
    }
    Ok(())
}
