//! Preprocessing as written in configuration.json.

#![allow(clippy::unwrap_used, reason = "a failure here fails the test")]

use images::{
    ChannelOrder, DecodedImage, Fit, Interpolation, Normalization, PerChannel, Preprocessing,
    PreprocessingError, Preset, Resize,
};

fn parse(json: &str) -> Result<Preprocessing, String> {
    serde_json::from_str(json).map_err(|error| error.to_string())
}

fn preprocessing(json: &str) -> Preprocessing {
    parse(json).unwrap()
}

#[test]
fn presets() {
    let each = |values: [f64; 3]| PerChannel::Each(values.to_vec());
    let check = |name: &str, mean: PerChannel, std: PerChannel, channel_order: ChannelOrder| {
        let expected = Preprocessing {
            resize: Resize {
                fit: Fit::Crop {
                    scale: 256.0 / 224.0,
                },
                interpolation: Interpolation::Bilinear,
                antialias: false,
            },
            normalization: Normalization::new(mean, std).unwrap(),
            channel_order,
        };
        let json = format!("\"{name}\"");
        assert_eq!(preprocessing(&json), expected);
        assert_eq!(serde_json::to_string(&expected).unwrap(), json);
    };
    let all = PerChannel::All;
    use ChannelOrder::{Bgr, Rgb};
    check("mobilenet", all(127.5), all(127.5), Rgb);
    check(
        "imagenet_torch",
        each([123.675, 116.28, 103.53]),
        each([58.395, 57.12, 57.375]),
        Rgb,
    );
    check(
        "imagenet_caffe",
        each([103.939, 116.779, 123.68]),
        each([1.0; 3]),
        Bgr,
    );
    check("unit", all(0.0), all(255.0), Rgb);
    check("none", all(0.0), all(1.0), Rgb);
    assert_eq!(Preset::names().len(), 5);
    assert_eq!(Preprocessing::default(), preprocessing("\"mobilenet\""));
}

#[test]
fn what_is_left_out_is_as_in_mobilenet() {
    let check = |json: &str, same: &str| assert_eq!(preprocessing(json), preprocessing(same));
    check("{}", "\"mobilenet\"");
    check(r#"{"resize": {}}"#, "\"mobilenet\"");
    check(
        r#"{"normalization": {"std": 255}}"#,
        r#"{"normalization": {"mean": 0, "std": 255.0}}"#,
    );
    check(
        r#"{"channel_order": "rgb", "normalization": {}}"#,
        "\"none\"",
    );
    check(
        r#"{"resize": {"scale": 1.5}}"#,
        r#"{"resize": {"fit": "crop", "scale": 1.5, "interpolation": "bilinear", "antialias": false}}"#,
    );
}

#[test]
fn written_and_read_again() {
    for json in [
        r#"{"resize": {"fit": "stretch", "antialias": true}}"#,
        r#"{"resize": {"fit": "pad", "interpolation": "bicubic"}, "channel_order": "bgr"}"#,
        r#"{"resize": {"scale": 1}, "normalization": {"mean": [1, 2, 3], "std": 0.5}}"#,
    ] {
        let first = preprocessing(json);
        let written = serde_json::to_string(&first).unwrap();
        assert_eq!(preprocessing(&written), first, "{written}");
    }
}

#[test]
fn faults_are_named() {
    let check = |json: &str, expected: &str| {
        let message = parse(json).unwrap_err();
        assert!(message.starts_with(expected), "{json}: {message}");
    };
    check(
        "\"Mobilenet\"",
        "there is no preprocessing preset \"Mobilenet\"; the presets are mobilenet, imagenet_torch,",
    );
    check(
        "3",
        "invalid type: integer `3`, expected the name of a preprocessing preset or an object",
    );
    check(r#"{"size": 3}"#, "unknown field `size`, expected one of");
    check(
        r#"{"resize": {"fit": "fill"}}"#,
        "unknown variant `fill`, expected one of `crop`, `stretch`, `pad`",
    );
    check(
        r#"{"resize": {"scale": 0.5}}"#,
        "resize.scale is 0.5; it must be from 1 to 16",
    );
    check(
        r#"{"resize": {"fit": "pad", "scale": 1.2}}"#,
        "resize.scale has a meaning only with fit \"crop\"",
    );
    check(
        r#"{"normalization": {"std": 0}}"#,
        "normalization.std contains 0; it must be above 0",
    );
    check(
        r#"{"normalization": {"std": [1, -1, 1]}}"#,
        "normalization.std contains -1; it must be above 0",
    );
    check(
        r#"{"normalization": {"mean": 1e300}}"#,
        "normalization.mean contains 1000",
    );
    check(
        r#"{"normalization": {"mean": [1, 2]}}"#,
        "normalization.mean lists 2 values; give one number, or one for each",
    );
    check(
        r#"{"normalization": {"mean": "x"}}"#,
        "expected a number or a list of numbers",
    );
    for value in [f64::NAN, f64::INFINITY, 0.0] {
        let std = Normalization::new(PerChannel::All(0.0), PerChannel::All(value));
        assert!(matches!(
            std,
            Err(PreprocessingError::StandardDeviation { .. })
        ));
    }
}

#[test]
fn channels_of_picture_and_model() {
    let colour = DecodedImage::new(1, 1, 3, vec![10, 20, 30]).unwrap();
    let grey = DecodedImage::new(1, 1, 1, vec![40]).unwrap();
    let check = |json: &str, image: &DecodedImage, channels: usize, expected: &[f32]| {
        let actual = preprocessing(json).apply(image, [1, 1], channels);
        assert_eq!(actual.as_deref(), Ok(expected), "{json}");
    };
    check("\"none\"", &colour, 3, &[10.0, 20.0, 30.0]);
    check("\"none\"", &colour, 1, &[18.0]);
    check("\"none\"", &grey, 1, &[40.0]);
    check("\"none\"", &grey, 3, &[40.0, 40.0, 40.0]);
    // Means follow the channels as the model reads them: the first is blue's.
    check(
        r#"{"normalization": {"mean": [1, 2, 3], "std": [1, 2, 4]}, "channel_order": "bgr"}"#,
        &colour,
        3,
        &[29.0, 9.0, 1.75],
    );
    check(
        r#"{"normalization": {"mean": [8], "std": 2}, "channel_order": "bgr"}"#,
        &grey,
        1,
        &[16.0],
    );
}

#[test]
fn padding_is_black_before_normalization() {
    let white = DecodedImage::new(2, 1, 3, vec![255; 6]).unwrap();
    let padded =
        preprocessing(r#"{"resize": {"fit": "pad"}, "normalization": {"mean": 51, "std": 51}}"#);
    let values = padded.apply(&white, [4, 4], 3).unwrap();
    let rows: Vec<f32> = values.chunks(4 * 3).map(|row| row[0]).collect();
    assert_eq!(rows, [-1.0, 4.0, 4.0, -1.0]);
}

#[test]
fn models_that_do_not_suit() {
    let check = |json: &str, size, channels, expected: &str| {
        let error = preprocessing(json).check_input(size, channels).unwrap_err();
        assert_eq!(error.to_string(), expected);
    };
    check(
        "\"imagenet_torch\"",
        [8, 8],
        1,
        "normalization.mean lists 3 values, but the model's input has 1 channel(s); give one number or 1",
    );
    check(
        "\"unit\"",
        [8, 8],
        4,
        "the model's input has 4 channels; pictures have 1 or 3",
    );
    check(
        "\"unit\"",
        [0, 8],
        3,
        "the model's input is 0 x 8 pixels; sides from 1 to 4096 are possible",
    );
    let image = DecodedImage::new(1, 1, 3, vec![0; 3]).unwrap();
    let short = Preprocessing::default().apply_into(&image, [2, 2], 3, &mut [0.0; 11]);
    assert_eq!(
        short.unwrap_err().to_string(),
        "the buffer has room for 11 values, but the model's input has 12"
    );
}
