use localization::{Phrase, Text, phrase, text};

/// Beginnings of operators, and why those cannot be converted.
const REASONS: &[(&[&str], Phrase)] = &[
    (
        &[
            "StatelessRandom",
            "Random",
            "Multinomial",
            "ImageProjectiveTransform",
            "StatelessMultinomial",
        ],
        phrase!("random augmentation is active in this export, save the model as .keras instead"),
    ),
    (
        &[
            "While",
            "StatelessWhile",
            "If",
            "StatelessIf",
            "Case",
            "StatelessCase",
            "Switch",
            "Merge",
            "Enter",
            "Exit",
            "LoopCond",
            "TensorList",
            "TensorArray",
        ],
        phrase!("it is part of a loop or a branch"),
    ),
    (&["PyFunc", "EagerPyFunc"], phrase!("it runs Python code")),
    (
        &[
            "LookupTable",
            "HashTable",
            "MutableHashTable",
            "String",
            "Regex",
            "AsString",
        ],
        phrase!("it works with text"),
    ),
    (
        &["Decode", "ParseExample", "ReadFile", "EncodeJpeg"],
        phrase!("it reads files, export the model without it"),
    ),
    (
        &[
            "NonMaxSuppression",
            "CombinedNonMaxSuppression",
            "TopK",
            "ArgMax",
        ],
        phrase!("it chooses among results, export the model without it"),
    ),
];

/// Why an operator without a handler cannot be converted.
pub(in crate::saved_model::import) fn reason(op: &str) -> Text {
    let begins = |prefixes: &&[&str]| prefixes.iter().any(|prefix| op.starts_with(prefix));
    match REASONS.iter().find(|(prefixes, _)| begins(prefixes)) {
        Some((_, reason)) => (*reason).into(),
        None => text!("the TensorFlow operator {op} is not supported"),
    }
}
