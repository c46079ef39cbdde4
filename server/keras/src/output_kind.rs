//! What the numbers in a model's output mean, as its last operators and its training tell.

mod interval;

use std::fmt;

use crate::draft::{Draft, ValueId};
use interval::Interval;
use localization::{Message, Text, text};

/// What the numbers in a model's output mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OutputKind {
    /// One score for each of several classes.
    Scores {
        /// Number of classes, at least two.
        classes: usize,
    },
    /// A single probability of class 1, in [0, 1]; below one half stands for class 0.
    Probability,
    /// A single score, positive for class 1 and negative for class 0.
    Logit,
    /// A single number that does not tell classes apart.
    Number(NoScore),
    /// Scores at several positions, a picture or another array.
    Array,
}

/// Why a single number does not tell two classes apart.
#[derive(Debug, Clone, PartialEq)]
pub enum NoScore {
    /// A softmax over a single score.
    SingleSoftmax,
    /// All values lie in this range, which is not that of probabilities and has no sign to go by.
    Range {
        /// Lower bound.
        low: f64,
        /// Upper bound.
        high: f64,
    },
    /// The training brought it near given numbers, by this loss.
    Loss(String),
}

impl OutputKind {
    /// How many classes the output tells apart; `None` where it tells none.
    pub fn classes(&self) -> Option<usize> {
        match self {
            Self::Scores { classes } => Some(*classes),
            Self::Probability | Self::Logit => Some(2),
            Self::Number(_) | Self::Array => None,
        }
    }

    /// The range of a single number that stands for class 0.
    pub fn first_class(&self) -> Option<&'static str> {
        match self {
            Self::Probability => Some("values below one half"),
            Self::Logit => Some("negative values"),
            Self::Scores { .. } | Self::Number(_) | Self::Array => None,
        }
    }

    /// Whether a single number stands for two classes.
    pub fn is_binary(&self) -> bool {
        matches!(self, Self::Probability | Self::Logit)
    }

    /// A stable name for machines.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Scores { .. } => "scores",
            Self::Probability => "probability",
            Self::Logit => "logit",
            Self::Number(_) => "number",
            Self::Array => "array",
        }
    }
}

impl Message for OutputKind {
    /// In a few words, such as `5 classes`.
    fn text(&self) -> Text {
        match self {
            Self::Scores { classes } => text!("{count} classes", count = classes),
            Self::Probability => text!("2 classes, as the probability of class 1"),
            Self::Logit => text!("2 classes, as the logit of class 1"),
            Self::Number(_) => text!("a number, not classes"),
            Self::Array => text!("an array, not classes"),
        }
    }
}

impl fmt::Display for OutputKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text().fmt(formatter)
    }
}

impl NoScore {
    /// Of a number of which nothing is known.
    pub const ANY: Self = Self::Range {
        low: f64::NEG_INFINITY,
        high: f64::INFINITY,
    };
}

// Bounds are numbers: where nothing is known they are infinite.
impl Eq for NoScore {}

impl Message for NoScore {
    /// What is to be said of the output, and what follows: a clause that begins behind its subject.
    fn text(&self) -> Text {
        match self {
            Self::SingleSoftmax => text!(
                "is a softmax over a single score and therefore always 1; train the model with a sigmoid in its place"
            ),
            Self::Range { low, high } if high.is_infinite() => text!(
                "is never below {low} and neither a probability nor a logit, so the model is a regressor, which can be quantized but has no accuracy to measure"
            ),
            Self::Range { low, high } if low.is_infinite() => text!(
                "is never above {high} and neither a probability nor a logit, so the model is a regressor, which can be quantized but has no accuracy to measure"
            ),
            Self::Range { low, high } => text!(
                "lies between {low} and {high} and is neither a probability nor a logit, so the model is a regressor, which can be quantized but has no accuracy to measure"
            ),
            Self::Loss(loss) => text!(
                "has no activation and was trained with the loss {loss}, so the model is a regressor, which can be quantized but has no accuracy to measure"
            ),
        }
    }
}

impl fmt::Display for NoScore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text().fmt(formatter)
    }
}

/// An output of a model without weights.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Output {
    /// Number of elements, where only one axis is longer than one.
    vector: Option<usize>,
    range: Interval,
}

impl Output {
    /// The output at `id` of a draft.
    pub(crate) fn of(draft: &Draft, id: ValueId) -> Self {
        let shape = draft.shape(id);
        let longer = shape.iter().filter(|&&extent| extent > 1).count();
        Self {
            vector: (longer <= 1).then(|| shape.iter().product()),
            range: interval::of(draft, id),
        }
    }

    /// What is known of both; an array stays one whatever its size.
    pub(crate) fn common(self, other: &Self) -> Option<Self> {
        (self.vector == other.vector).then_some(self)
    }

    /// What it means after a training with the loss of this name.
    pub(crate) fn kind(&self, loss: Option<&str>) -> OutputKind {
        let Interval { low, high } = self.range;
        let bounded = low.is_finite() || high.is_finite();
        match self.vector {
            None | Some(0) => OutputKind::Array,
            Some(1) if self.range == Interval::ONE => OutputKind::Number(NoScore::SingleSoftmax),
            Some(1) if self.range.is_within(Interval::UNIT) => OutputKind::Probability,
            Some(1) if low >= 0.0 || high <= 0.0 => {
                OutputKind::Number(NoScore::Range { low, high })
            }
            Some(1) => match loss.filter(|loss| !bounded && is_regression(loss)) {
                Some(loss) => OutputKind::Number(NoScore::Loss(loss.to_owned())),
                None => OutputKind::Logit,
            },
            Some(classes) => OutputKind::Scores { classes },
        }
    }
}

/// Whether a loss measures the distance of numbers, by any of the names that Keras has for it.
fn is_regression(loss: &str) -> bool {
    const LOSSES: [&str; 13] = [
        "meansquarederror",
        "mse",
        "meanabsoluteerror",
        "mae",
        "meanabsolutepercentageerror",
        "mape",
        "meansquaredlogarithmicerror",
        "msle",
        "huber",
        "huberloss",
        "logcosh",
        "logcoshloss",
        "poisson",
    ];
    let letters = loss.chars().filter(char::is_ascii_alphabetic);
    let name: String = letters.map(|letter| letter.to_ascii_lowercase()).collect();
    LOSSES.contains(&name.as_str())
}

/// The loss in what a model was compiled with, when there is a single one.
pub(crate) fn loss(compiled: &serde_json::Value) -> Option<String> {
    use serde_json::Value;
    let only = |values: Vec<&Value>| match values.as_slice() {
        [value] => name_of(value),
        _ => None,
    };
    match compiled.get("loss")? {
        Value::Array(losses) => only(losses.iter().collect()),
        loss @ Value::Object(members) => name_of(loss).or_else(|| only(members.values().collect())),
        loss => name_of(loss),
    }
}

/// The name of a function, or the class of an object.
fn name_of(loss: &serde_json::Value) -> Option<String> {
    let name = match loss.get("class_name").and_then(|class| class.as_str()) {
        // A function that Keras 3 has serialized.
        Some("function") => loss.get("config")?.as_str()?,
        Some(class) => class.rsplit('>').next()?,
        None => loss.as_str()?,
    };
    let plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    (name.len() <= 64 && name.chars().all(plain)).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use graph::{Activation, BinaryOp, Op};
    use serde_json::json;

    use super::*;

    /// What a model with one number behind the functions means.
    fn kind(loss: Option<&str>, end: impl FnOnce(&mut Draft, ValueId) -> ValueId) -> OutputKind {
        let mut draft = Draft::with_names(false);
        let x = draft.input("x", vec![1, 4]).unwrap();
        let kernel = draft.weight("kernel", vec![1, 4], None).unwrap();
        let x = draft
            .node("dense", Op::FullyConnected, &[x, kernel])
            .unwrap();
        let output = end(&mut draft, x);
        Output::of(&draft, output).kind(loss)
    }

    #[test]
    fn the_last_operators_tell_probabilities_from_logits() {
        let unary =
            |function: Activation| kind(None, |draft, x| draft.unary("", function, x).unwrap());
        assert_eq!(unary(Activation::Sigmoid), OutputKind::Probability);
        assert_eq!(unary(Activation::Tanh), OutputKind::Logit);
        assert_eq!(kind(None, |_, x| x), OutputKind::Logit);
        let positive = NoScore::Range {
            low: 0.0,
            high: f64::INFINITY,
        };
        assert_eq!(unary(Activation::Relu), OutputKind::Number(positive));
        let softmax = kind(None, |draft, x| draft.node("", Op::Softmax, &[x]).unwrap());
        assert_eq!(softmax, OutputKind::Number(NoScore::SingleSoftmax));
        // A mean of two probabilities, in another shape.
        let mean = kind(None, |draft, x| {
            let first = draft.unary("a", Activation::Sigmoid, x).unwrap();
            let negated = draft.unary("n", Activation::Negate, x).unwrap();
            let second = draft.unary("b", Activation::Sigmoid, negated).unwrap();
            let sum = draft.binary("", BinaryOp::Add, first, second).unwrap();
            let half = draft.with_number("", BinaryOp::Multiply, sum, 0.5).unwrap();
            draft.reshape("", half, vec![1]).unwrap()
        });
        assert_eq!(mean, OutputKind::Probability);
        // Keras' hard sigmoid.
        let hard = kind(None, |draft, x| {
            let shifted = draft.with_number("", BinaryOp::Add, x, 3.0).unwrap();
            let clamped = draft.unary("", Activation::Relu6, shifted).unwrap();
            draft
                .with_number("", BinaryOp::Multiply, clamped, 1.0 / 6.0)
                .unwrap()
        });
        assert_eq!(hard, OutputKind::Probability);
        // Marks from one to five.
        let marks = kind(None, |draft, x| {
            let part = draft.unary("", Activation::Sigmoid, x).unwrap();
            let scaled = draft
                .with_number("", BinaryOp::Multiply, part, 4.0)
                .unwrap();
            draft.with_number("", BinaryOp::Add, scaled, 1.0).unwrap()
        });
        let range = NoScore::Range {
            low: 1.0,
            high: 5.0,
        };
        assert_eq!(marks, OutputKind::Number(range));
    }

    #[test]
    fn a_loss_that_measures_distances_makes_a_regressor() {
        let loss = |name: &str| kind(Some(name), |_, x| x);
        let regressor = |name: &str| OutputKind::Number(NoScore::Loss(name.to_owned()));
        for name in [
            "mse",
            "mean_squared_error",
            "MeanSquaredError",
            "Huber",
            "log_cosh",
        ] {
            assert_eq!(loss(name), regressor(name));
        }
        assert_eq!(loss("binary_crossentropy"), OutputKind::Logit);
        assert_eq!(loss("squared_hinge"), OutputKind::Logit);
        let sigmoid = kind(Some("mse"), |draft, x| {
            draft.unary("", Activation::Sigmoid, x).unwrap()
        });
        assert_eq!(sigmoid, OutputKind::Probability);
    }

    #[test]
    fn several_positions_are_an_array() {
        let shaped = |shape: Vec<usize>| {
            let mut draft = Draft::with_names(false);
            let x = draft.input("x", shape).unwrap();
            Output::of(&draft, x).kind(None)
        };
        assert_eq!(shaped(vec![1, 5]), OutputKind::Scores { classes: 5 });
        assert_eq!(shaped(vec![1, 1, 1, 5]), OutputKind::Scores { classes: 5 });
        assert_eq!(shaped(vec![1, 5, 1, 1]), OutputKind::Scores { classes: 5 });
        assert_eq!(shaped(vec![1, 1, 1, 1]), OutputKind::Logit);
        assert_eq!(shaped(vec![1]), OutputKind::Logit);
        assert_eq!(shaped(vec![1, 4, 4, 2]), OutputKind::Array);
        assert_eq!(shaped(vec![1, 4, 4, 1]), OutputKind::Array);
        assert_eq!(shaped(vec![1, 7, 2]), OutputKind::Array);
    }

    #[test]
    fn losses_have_many_forms() {
        let check = |compiled: serde_json::Value, expected: Option<&str>| {
            assert_eq!(loss(&compiled).as_deref(), expected, "{compiled}");
        };
        check(json!({"loss": "mse"}), Some("mse"));
        check(json!({"loss": ["mae"]}), Some("mae"));
        check(json!({"loss": {"dense": "mae"}}), Some("mae"));
        check(json!({"loss": ["mae", "mse"]}), None);
        let object = json!({"module": "keras.losses", "class_name": "MeanSquaredError",
            "config": {"name": "mean_squared_error"}, "registered_name": null});
        check(json!({"loss": object}), Some("MeanSquaredError"));
        check(json!({"loss": {"dense": object}}), Some("MeanSquaredError"));
        let function = json!({"module": "builtins", "class_name": "function",
            "config": "my_loss", "registered_name": "function"});
        check(json!({"loss": function}), Some("my_loss"));
        check(json!({"loss": null}), None);
        check(json!({"loss": "a\u{1b}[31m"}), None);
        check(json!(7), None);
    }
}
