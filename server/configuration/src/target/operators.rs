//! Names of operators.

/// Every operator by the name that reports show, with its names in TFLite's schema.
const OPERATORS: &[(&str, &[&str])] = &[
    ("Abs", &["ABS"]),
    ("Add", &["ADD"]),
    ("AveragePool2D", &["AVERAGE_POOL_2D"]),
    ("BatchMatMul", &["BATCH_MATMUL"]),
    ("BatchNormalization", &[]),
    ("Concatenate", &["CONCATENATION"]),
    ("Conv2D", &["CONV_2D"]),
    ("DepthwiseConv2D", &["DEPTHWISE_CONV_2D"]),
    ("Divide", &["DIV"]),
    ("Elu", &["ELU"]),
    ("Exp", &["EXP"]),
    ("FullyConnected", &["FULLY_CONNECTED"]),
    ("Gelu", &["GELU"]),
    ("HardSwish", &["HARD_SWISH"]),
    ("LeakyRelu", &["LEAKY_RELU"]),
    ("Log", &["LOG"]),
    ("MaxPool2D", &["MAX_POOL_2D"]),
    ("Maximum", &["MAXIMUM"]),
    ("Mean", &["MEAN"]),
    ("Minimum", &["MINIMUM"]),
    ("Multiply", &["MUL"]),
    ("Negate", &["NEG"]),
    ("PRelu", &["PRELU"]),
    ("Pad", &["PAD", "PADV2"]),
    ("ReduceMax", &["REDUCE_MAX"]),
    ("ReduceMin", &["REDUCE_MIN"]),
    ("Relu", &["RELU"]),
    ("Relu6", &["RELU6"]),
    ("Reshape", &["RESHAPE"]),
    ("Resize", &["RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR"]),
    ("Rsqrt", &["RSQRT"]),
    ("SeparableConv2D", &[]),
    ("Sigmoid", &["LOGISTIC"]),
    ("Slice", &["SLICE"]),
    ("Softmax", &["SOFTMAX"]),
    ("Sqrt", &["SQRT"]),
    ("Square", &["SQUARE"]),
    ("Subtract", &["SUB"]),
    ("Sum", &["SUM"]),
    ("Swish", &[]),
    ("Tanh", &["TANH"]),
    ("Transpose", &["TRANSPOSE"]),
    ("TransposeConv2D", &["TRANSPOSE_CONV"]),
];

/// The operator that is meant by a name of either kind.
pub(super) fn operator(name: &str) -> Option<&'static str> {
    let mut operators = OPERATORS.iter();
    let found = operators.find(|(operator, names)| *operator == name || names.contains(&name))?;
    Some(found.0)
}

/// Every name that a target file may use: of this program, then of TFLite.
pub fn operator_names() -> Vec<&'static str> {
    let own = OPERATORS.iter().map(|(operator, _)| *operator);
    let tflite = OPERATORS
        .iter()
        .flat_map(|(_, names)| names.iter().copied());
    own.chain(tflite).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_has_the_same_names() {
        let text = include_str!("../../../../schemas/target.schema.json");
        let schema: serde_json::Value = serde_json::from_str(text).unwrap();
        let names = schema["$defs"]["operator"]["enum"].as_array().unwrap();
        let sorted = |mut names: Vec<String>| {
            names.sort();
            names
        };
        let listed = names.iter().map(|name| name.as_str().unwrap().to_owned());
        let known = operator_names().into_iter().map(str::to_owned);
        assert_eq!(sorted(listed.collect()), sorted(known.collect()));
    }

    #[test]
    fn names_of_tflite_are_those_of_operators() {
        assert_eq!(operator("CONV_2D"), Some("Conv2D"));
        assert_eq!(operator("RESIZE_BILINEAR"), Some("Resize"));
        assert_eq!(operator("Swish"), Some("Swish"));
        assert_eq!(operator("conv2d"), None);
    }
}
