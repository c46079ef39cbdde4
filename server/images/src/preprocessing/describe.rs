//! One line for reports and logs.

use std::fmt;

use super::{ChannelOrder, Fit, Interpolation, Normalization, PerChannel, Preprocessing, Resize};

impl fmt::Display for Preprocessing {
    /// For example `mobilenet: crop of the centre after resizing to 1.143 times the input,
    /// bilinear; (x - 127.5) / 127.5; RGB`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(preset) = self.preset() {
            write!(formatter, "{}: ", preset.name())?;
        }
        let order = match self.channel_order {
            ChannelOrder::Rgb => "RGB",
            ChannelOrder::Bgr => "BGR",
        };
        write!(
            formatter,
            "{}; {}; {order}",
            self.resize, self.normalization
        )
    }
}

impl fmt::Display for Resize {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.fit {
            Fit::Crop { scale } => {
                let scale = (scale * 1000.0).round() / 1000.0;
                write!(
                    formatter,
                    "centre crop after resizing to {scale} times the input"
                )?;
            }
            Fit::Stretch => formatter.write_str("stretched to the input")?,
            Fit::Pad => formatter.write_str("fitted into the input with black around")?,
        }
        let interpolation = match self.interpolation {
            Interpolation::Nearest => "nearest",
            Interpolation::Bilinear => "bilinear",
            Interpolation::Bicubic => "bicubic",
            Interpolation::Area => "area",
        };
        write!(formatter, ", {interpolation}")?;
        if self.rounds() {
            formatter.write_str(" with antialiasing")?;
        }
        Ok(())
    }
}

impl fmt::Display for Normalization {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = |list: &PerChannel, value: f64| list.values().iter().all(|&v| v == value);
        match (all(self.mean(), 0.0), all(self.std(), 1.0)) {
            (true, true) => formatter.write_str("values 0 to 255"),
            (true, false) => write!(formatter, "x / {}", self.std()),
            (false, true) => write!(formatter, "x - {}", self.mean()),
            (false, false) => write!(formatter, "(x - {}) / {}", self.mean(), self.std()),
        }
    }
}

impl fmt::Display for PerChannel {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All(value) => write!(formatter, "{value}"),
            Self::Each(values) => {
                let values: Vec<String> = values.iter().map(f64::to_string).collect();
                write!(formatter, "[{}]", values.join(", "))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line() {
        let check = |json: &str, expected: &str| {
            let preprocessing: Preprocessing = serde_json::from_str(json).unwrap();
            assert_eq!(preprocessing.to_string(), expected);
        };
        check(
            r#""mobilenet""#,
            "mobilenet: centre crop after resizing to 1.143 times the input, bilinear; (x - 127.5) / 127.5; RGB",
        );
        check(
            r#""imagenet_caffe""#,
            "imagenet_caffe: centre crop after resizing to 1.143 times the input, bilinear; x - [103.939, 116.779, 123.68]; BGR",
        );
        check(
            r#"{"resize": {"fit": "stretch", "antialias": true}, "normalization": {"std": 255}}"#,
            "stretched to the input, bilinear with antialiasing; x / 255; RGB",
        );
        check(
            r#"{"resize": {"fit": "pad", "interpolation": "area", "antialias": true}, "normalization": {}}"#,
            "fitted into the input with black around, area; values 0 to 255; RGB",
        );
    }
}
