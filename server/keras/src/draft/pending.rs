use localization::{Phrase, phrase};

/// An operator of TensorFlow that only means something together with those behind it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Pending {
    /// Error function, a part of GELU.
    Erf,
    /// One minus the error function, a part of GELU.
    Erfc,
    /// `a > b`, a part of rectifiers.
    Greater,
    /// Whether a number is neither infinite nor undefined, a part of softmax over several axes.
    Finite,
    /// Real numbers as complex ones, a part of Fourier transforms.
    Complex,
    /// Fourier transform over the last two axes, of which the real part follows.
    Spectrum,
    /// Pads and deals pixels out to several images, in front of a dilated convolution.
    SpaceToBatch {
        /// Step between pixels of one image; `[height, width]`.
        block: [usize; 2],
        /// Padding before.
        before: [usize; 2],
        /// Padding after.
        after: [usize; 2],
    },
}

impl Pending {
    /// Name of the operator, and why it stands alone.
    pub(crate) fn describe(&self) -> (&'static str, Phrase) {
        match self {
            Self::Erf => (
                "Erf",
                phrase!("the error function is only supported as part of GELU"),
            ),
            Self::Erfc => (
                "Erfc",
                phrase!("the error function is only supported as part of GELU"),
            ),
            Self::Greater => (
                "Greater",
                phrase!("comparisons are only supported as part of ELU and ReLU"),
            ),
            Self::Finite => (
                "IsFinite",
                phrase!("it is only supported as part of a softmax over several axes"),
            ),
            Self::Complex => (
                "Complex",
                phrase!(
                    "complex numbers are only supported in a two-dimensional Fourier transform"
                ),
            ),
            Self::Spectrum => (
                "FFT2D",
                phrase!("of a Fourier transform only the real part is supported"),
            ),
            Self::SpaceToBatch { .. } => (
                "SpaceToBatchND",
                phrase!("it is only supported around a convolution, as dilation"),
            ),
        }
    }
}
