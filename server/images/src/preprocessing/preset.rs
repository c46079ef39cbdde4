use super::{ChannelOrder, Fit, Interpolation, Normalization, Preprocessing, Resize};

/// Preprocessing that has a name. All presets resize alike: the shorter side to 256/224 of the
/// input's, bilinear without antialiasing, then the centre is cut out. They differ in what the
/// values become.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Preset {
    /// `mobilenet`: (x - 127.5) / 127.5, so -1 to 1, RGB, as Keras' MobileNet, Inception, Xception.
    #[default]
    Mobilenet,
    /// `imagenet_torch`: ImageNet's mean and standard deviation, RGB, as Keras' mode `torch`.
    ImagenetTorch,
    /// `imagenet_caffe`: ImageNet's mean subtracted, BGR, as Keras' mode `caffe` (ResNet, VGG).
    ImagenetCaffe,
    /// `unit`: x / 255, so 0 to 1, RGB.
    Unit,
    /// `none`: 0 to 255, RGB, for models that normalize themselves.
    None,
}

impl Preset {
    /// Every preset, the default first.
    pub const ALL: [Self; 5] = [
        Self::Mobilenet,
        Self::ImagenetTorch,
        Self::ImagenetCaffe,
        Self::Unit,
        Self::None,
    ];

    /// The name as written in `configuration.json`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mobilenet => "mobilenet",
            Self::ImagenetTorch => "imagenet_torch",
            Self::ImagenetCaffe => "imagenet_caffe",
            Self::Unit => "unit",
            Self::None => "none",
        }
    }

    /// The names of [`Preset::ALL`].
    pub fn names() -> [&'static str; 5] {
        Self::ALL.map(Self::name)
    }

    /// The preset of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|preset| preset.name() == name)
    }
}

impl From<Preset> for Preprocessing {
    fn from(preset: Preset) -> Self {
        let (normalization, channel_order) = match preset {
            Preset::Mobilenet => (Normalization::uniform(127.5, 127.5), ChannelOrder::Rgb),
            Preset::ImagenetTorch => (
                Normalization::per_channel([123.675, 116.28, 103.53], [58.395, 57.12, 57.375]),
                ChannelOrder::Rgb,
            ),
            Preset::ImagenetCaffe => (
                Normalization::per_channel([103.939, 116.779, 123.68], [1.0; 3]),
                ChannelOrder::Bgr,
            ),
            Preset::Unit => (Normalization::uniform(0.0, 255.0), ChannelOrder::Rgb),
            Preset::None => (Normalization::uniform(0.0, 1.0), ChannelOrder::Rgb),
        };
        Self {
            resize: Resize::default(),
            normalization,
            channel_order,
        }
    }
}

impl Default for Preprocessing {
    /// [`Preset::Mobilenet`].
    fn default() -> Self {
        Preset::default().into()
    }
}

impl Default for Resize {
    /// As the presets resize.
    fn default() -> Self {
        Self {
            fit: Fit::default(),
            interpolation: Interpolation::default(),
            antialias: false,
        }
    }
}

impl Default for Fit {
    /// The crop of the presets.
    fn default() -> Self {
        Self::Crop {
            scale: Self::DEFAULT_SCALE,
        }
    }
}
