//! What cannot be read ends in one sentence that says what, where and what to do.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::path::{Path, PathBuf};

use keras::{ErrorKind, ReadOptions, UnsupportedLayer, inspect, read};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/keras")
}

/// Reads a file and compares the message, without the path in front.
fn check(path: &Path, expected: &str) {
    let error = read(path, &ReadOptions::default()).unwrap_err();
    assert_eq!(error.path, path);
    let message = error.to_string();
    let sentence = message
        .strip_prefix(&format!("{}: ", path.display()))
        .unwrap();
    assert!(
        sentence.contains(expected),
        "{}: {sentence:?} instead of {expected:?}",
        path.display()
    );
    assert!(!sentence.ends_with('.') && !sentence.contains('\n'));
}

#[test]
fn models_that_cannot_be_converted() {
    let check = |file: &str, expected| check(&fixtures().join(file), expected);
    check(
        "keras2/unsupported.h5",
        "a layer of the model cannot be converted: \
         \"inner/twice\" (Lambda): it runs Python code of its own; replace it",
    );
    check(
        "keras2_layers/refused_layers.h5",
        "8 layers of the model cannot be converted: \
         \"tf.math.greater\" (TFOpLambda): the TensorFlow operation math.greater is not supported, \
         use a Keras layer instead; \"tf.cast\" (TFOpLambda): it casts to int32; \"jump\" (ReLU): \
         it has a threshold other than 0; and 5 more layers; replace them",
    );
    for generation in ["keras2", "keras3"] {
        check(
            &format!("{generation}/training_true.h5"),
            "\"batch_statistics\" (BatchNormalization): it is called with training=True",
        );
        check(
            &format!("{generation}/two_inputs.h5"),
            "2 inputs (left, right)",
        );
        check(
            &format!("{generation}/two_outputs.h5"),
            "2 outputs (kind, colour)",
        );
    }
    for file in ["keras3/quantized.h5", "keras3/quantized.keras"] {
        check(file, "\"int8_dense\" (Dense): its weights are quantized");
    }
    check(
        "keras2/open_size.h5",
        "no fixed height and width; state the input size",
    );
}

#[test]
fn damaged_models() {
    let check = |file: &str, expected| check(&fixtures().join("hostile").join(file), expected);
    check(
        "weights_only.h5",
        "only weights, without the model's configuration; save the whole model",
    );
    check("no_configuration.h5", "no \"model_config\" attribute");
    check(
        "broken_json.h5",
        "configuration is damaged at the JSON text",
    );
    check(
        "circle.h5",
        "damaged at model \"small\": its layers call each other in a circle",
    );
    check(
        "nan.h5",
        "layer \"conv\": weight \"kernel\" has a value that is NaN",
    );
    check(
        "infinite.h5",
        "layer \"conv\": weight \"kernel\" has a value that is -inf",
    );
    check(
        "missing_weight.h5",
        "layer \"conv\": weight \"kernel\" is missing",
    );
    check(
        "wrong_shape.h5",
        "weight \"kernel\" has shape [2, 2, 2, 1] where the configuration asks for [2, 2, 2, 2]",
    );
    check("upward_name.h5", "a name leads out of the model");
    check(
        "gigabyte.h5",
        "layer \"huge\": weight \"kernel\" is larger than the file can hold",
    );
    check("terabyte.h5", "is larger than this program handles");
}

/// Nothing outside the file is opened, and links in a circle end.
#[test]
fn links_out_of_a_file_are_not_followed() {
    let check = |file: &str, expected| check(&fixtures().join("hostile").join(file), expected);
    let missing = "layer \"conv\": weight \"kernel\" is missing";
    check("external_link.h5", missing);
    check("group_circle.h5", missing);
    let unreadable = "layer \"conv\": weight \"kernel\" cannot be read from the HDF5 data";
    check("soft_link_to_itself.h5", unreadable);
    check("soft_link_to_nothing.h5", unreadable);
    check(
        "external_values.h5",
        "stores its elements in external files",
    );
    check("virtual.h5", "virtual (VDS) data layout is not supported");
}

/// An archive with the members of a model, of four bytes each, whose ZIP64 fields claim `claimed` bytes.
fn zip64_archive(claimed: u64) -> Vec<u8> {
    let short = |number: usize| u16::try_from(number).unwrap().to_le_bytes();
    let long = |number: usize| u32::try_from(number).unwrap().to_le_bytes();
    let names = ["config.json", "metadata.json", "model.weights.h5"];
    let sizes = [claimed, claimed].map(u64::to_le_bytes).concat();
    let mut members = Vec::new();
    let mut directory = Vec::new();
    for name in names {
        // Version 4.5; sizes of 2^32 - 1 say that the ZIP64 field has them.
        let mut common = vec![45];
        common.resize(14, 0);
        common.extend([u8::MAX; 8]);
        common.extend([short(name.len()), short(4 + sizes.len())].concat());
        let field = [&short(1)[..], &short(sizes.len()), &sizes].concat();
        let position = long(members.len());
        members.extend([b"PK\x03\x04", &common[..], name.as_bytes(), &field, b"null"].concat());
        directory.extend([b"PK\x01\x02", &[45, 0][..], &common, &[0; 10], &position].concat());
        directory.extend([name.as_bytes(), &field].concat());
    }
    let counts = [short(names.len()), short(names.len())].concat();
    let end = [long(directory.len()), long(members.len())].concat();
    let end = [&b"PK\x05\x06\0\0\0\0"[..], &counts, &end, &[0; 2]].concat();
    [members, directory, end].concat()
}

#[test]
fn sizes_of_zip64_are_not_believed() {
    let folder = tempfile::tempdir().unwrap();
    for claimed in [1 << 20, 1 << 40, u64::MAX] {
        let path = folder.path().join(format!("{claimed}.keras"));
        std::fs::write(&path, zip64_archive(claimed)).unwrap();
        let expected = format!("of {claimed} bytes in its archive, more than");
        check(&path, &expected);
    }
}

#[test]
fn damaged_archives() {
    let check = |name: &str, expected: &str| {
        let file = fixtures().join("hostile").join(format!("{name}.keras"));
        check(&file, expected);
    };
    check("duplicate", "it has two members named \"metadata.json\"");
    for (name, member) in [
        ("no_configuration", "config.json"),
        ("no_metadata", "metadata.json"),
        ("no_weights", "model.weights.h5"),
    ] {
        let expected = format!("the .keras model has no \"{member}\", so it is not whole");
        check(name, &expected);
    }
    check(
        "no_version",
        "damaged at metadata.json: it has no \"keras_version\"",
    );
    check("shards", "the weights in the archive are cut into shards");
    check("numpy", "weights in the archive are stored as NumPy arrays");
    check(
        "bomb_configuration",
        "\"config.json\" of 33554432 bytes in its archive, more than the 16777216 bytes",
    );
    check(
        "bomb_weights",
        "\"model.weights.h5\" is compressed so much that it does not fit in memory safely; unzip",
    );
    check("not_hdf5", "the HDF5 data is damaged at the file header");
    check("bzip2", "compressed with method 12, only deflate");
    check(
        "missing_variable",
        "layer \"dense\": weight \"bias\" is missing",
    );
    check(
        "other_layer",
        "damaged at layers/dense/vars (the weights are those of layer \"somebody_else\" instead \
         of \"dense\")",
    );
    check(
        "encrypted",
        "\"model.weights.h5\" in the archive is encrypted; save",
    );
    check(
        "flipped",
        "\"model.weights.h5\" does not match its checksum",
    );
    check(
        "misplaced",
        "\"model.weights.h5\" is not where the list of members has it",
    );
    check("short", "\"model.weights.h5\" has two different lengths");
}

#[test]
fn files_of_other_kinds() {
    let folder = tempfile::tempdir().unwrap();
    let check_bytes = |name: &str, bytes: &[u8], expected| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        check(&path, expected);
    };
    check_bytes(
        "picture.h5",
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
        "this is a PNG image, not a Keras model; give the .keras or .h5 file",
    );
    check_bytes(
        "archive.h5",
        b"PK\x03\x04\x14\0",
        "the .keras archive is damaged (its end is missing, it may have been cut off); copy",
    );
    check_bytes(
        "bare.zip",
        &[b"PK\x05\x06".as_slice(), &[0; 18]].concat(),
        "the .keras model has no \"model.weights.h5\", so it is not whole",
    );
    check_bytes("empty.h5", b"", "the file is empty");
    check_bytes("notes.h5", b"nothing", "this is a file of another kind");
    let whole = std::fs::read(fixtures().join("keras2/functional.h5")).unwrap();
    check_bytes(
        "cut.h5",
        &whole[..whole.len() / 2],
        "the file is cut off (17620 of 35240 bytes)",
    );
    check(
        folder.path(),
        "the directory has no saved_model.pb, so it is not a SavedModel; give the directory",
    );
    check(&folder.path().join("absent.h5"), "cannot be read");
}

#[test]
fn unsupported_layers_are_data() {
    let path = fixtures().join("keras2_layers/refused_layers.h5");
    let summary = inspect(&path, &ReadOptions::default()).unwrap();
    let layers = summary.unsupported.iter();
    let reasons: Vec<String> = layers
        .clone()
        .map(|layer| layer.reason.to_string())
        .collect();
    let found: Vec<(&str, &str, &str)> = layers
        .zip(&reasons)
        .map(|(unsupported, reason)| {
            let UnsupportedLayer { layer, class, .. } = unsupported;
            (layer.as_str(), class.as_str(), reason.as_str())
        })
        .collect();
    let unknown = "the TensorFlow operation where is not supported, use a Keras layer instead";
    assert_eq!(
        found[2..],
        [
            ("jump", "ReLU", "it has a threshold other than 0"),
            (
                "categories",
                "CategoryEncoding",
                "it works on categories, not on images"
            ),
            ("dilated", "Conv2DTranspose", "its dilation_rate is not 1"),
            (
                "threshold",
                "ThresholdedReLU",
                "its theta is 1, where the function jumps"
            ),
            ("tf.where", "TFOpLambda", unknown),
            (
                "causal",
                "MultiHeadAttention",
                "it is called with use_causal_mask"
            ),
        ]
    );
    let error = read(&path, &ReadOptions::default()).unwrap_err();
    match *error.kind {
        ErrorKind::UnsupportedLayers(layers) => assert_eq!(layers, summary.unsupported),
        other => panic!("{other}"),
    }
}
