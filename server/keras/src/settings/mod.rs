//! What a configuration says of one layer: its settings, and what it is called with.

mod arguments;

use localization::{Phrase, phrase, text};
use serde_json::{Map, Value};

use crate::limits;
use crate::problem::LayerProblem;
pub(crate) use arguments::{Argument, Arguments};

/// The two families of saved configurations; some functions mean different things in each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Generation {
    /// tf.keras up to 2.15, tf_keras, and standalone Keras 2.
    Keras2,
    /// Keras 3.
    Keras3,
}

impl Generation {
    /// Generation of a version such as `2.15.0`; files without one are old.
    pub(crate) fn of(keras_version: Option<&str>) -> Self {
        let major = keras_version
            .and_then(|version| version.split('.').next())
            .and_then(|major| major.parse::<u32>().ok());
        if major.is_some_and(|major| major >= 3) {
            Generation::Keras3
        } else {
            Generation::Keras2
        }
    }
}

/// The `config` object of a layer. A key that is absent and one that is `null` mean the same.
pub(crate) struct Settings {
    pub(crate) values: Map<String, Value>,
    pub(crate) generation: Generation,
}

impl Settings {
    /// The value of a key that is neither absent nor null.
    pub(crate) fn get(&self, key: &str) -> Option<&Value> {
        self.values.get(key).filter(|value| !value.is_null())
    }

    /// A string.
    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        self.get(key).and_then(Value::as_str)
    }

    /// A boolean; Python writes 0 and 1 at times.
    pub(crate) fn flag(&self, key: &str, default: bool) -> Result<bool, LayerProblem> {
        match self.get(key) {
            None => Ok(default),
            Some(value) => value
                .as_bool()
                .or_else(|| value.as_u64().map(|number| number != 0))
                .ok_or_else(|| invalid(key, phrase!("true or false"))),
        }
    }

    /// A positive integer.
    pub(crate) fn count(&self, key: &str) -> Result<usize, LayerProblem> {
        self.count_or(key, 0).and_then(|count| match count {
            0 => Err(invalid(key, phrase!("a positive integer"))),
            count => Ok(count),
        })
    }

    /// A positive integer or a default.
    pub(crate) fn count_or(&self, key: &str, default: usize) -> Result<usize, LayerProblem> {
        match self.get(key) {
            None => Ok(default),
            Some(value) => integer(value)
                .filter(|&number| number > 0)
                .ok_or_else(|| invalid(key, phrase!("a positive integer"))),
        }
    }

    /// Two positive integers for height and width, or one for both.
    pub(crate) fn pair(&self, key: &str) -> Result<Option<[usize; 2]>, LayerProblem> {
        let Some(value) = self.get(key) else {
            return Ok(None);
        };
        let pair = match sequence(value) {
            None => integer(value).map(|number| [number, number]),
            Some([height, width]) => integer(height).zip(integer(width)).map(Into::into),
            Some([both]) => integer(both).map(|number| [number, number]),
            Some(_) => None,
        };
        pair.filter(|pair| !pair.contains(&0))
            .map(Some)
            .ok_or_else(|| invalid(key, phrase!("two positive integers")))
    }

    /// Elements `[[top, bottom], [left, right]]` from one number, two, or two pairs.
    pub(crate) fn borders(&self, key: &str) -> Result<[[usize; 2]; 2], LayerProblem> {
        let side = |value: &Value| match sequence(value) {
            None => integer(value).map(|number| [number, number]),
            Some([before, after]) => integer(before).zip(integer(after)).map(Into::into),
            Some(_) => None,
        };
        let borders = self.get(key).and_then(|value| match sequence(value) {
            None => integer(value).map(|number| [[number; 2]; 2]),
            Some([height, width]) => side(height).zip(side(width)).map(Into::into),
            Some(_) => None,
        });
        borders.ok_or_else(|| invalid(key, phrase!("one integer, two, or two pairs")))
    }

    /// A finite number, also when NumPy's wrapping surrounds it.
    pub(crate) fn number(&self, key: &str) -> Result<Option<f32>, LayerProblem> {
        match self.numbers(key)?.as_deref() {
            None => Ok(None),
            Some(&[number]) => Ok(Some(number)),
            Some(_) => Err(invalid(key, phrase!("one number"))),
        }
    }

    /// Finite numbers, flattened, from a number, nested lists, or NumPy's wrapping of them.
    pub(crate) fn numbers(&self, key: &str) -> Result<Option<Vec<f32>>, LayerProblem> {
        let Some(value) = self.get(key) else {
            return Ok(None);
        };
        let mut numbers = Vec::new();
        if flatten(value, &mut numbers) && !numbers.is_empty() {
            Ok(Some(numbers))
        } else {
            Err(invalid(key, phrase!("finite numbers")))
        }
    }

    /// Positive extents from one or a list; `None` where one is open.
    pub(crate) fn extents(&self, key: &str) -> Result<Vec<Option<usize>>, LayerProblem> {
        let extent = |value: &Value| match value {
            Value::Null => Some(None),
            value => integer(value).filter(|&extent| extent > 0).map(Some),
        };
        let value = self.get(key).unwrap_or(&Value::Null);
        let extents = match sequence(value) {
            None => extent(value).map(|extent| vec![extent]),
            Some(list) => list.iter().map(extent).collect(),
        };
        extents.ok_or_else(|| invalid(key, phrase!("positive integers")))
    }

    /// Signed integers from one or a list.
    pub(crate) fn integers(&self, key: &str) -> Result<Option<Vec<i64>>, LayerProblem> {
        let Some(value) = self.get(key) else {
            return Ok(None);
        };
        let signed = |value: &Value| {
            value
                .as_i64()
                .filter(|number| number.unsigned_abs() <= limits::SETTING)
        };
        let numbers = match sequence(value) {
            None => signed(value).map(|number| vec![number]),
            Some(list) => list.iter().map(signed).collect(),
        };
        numbers
            .map(Some)
            .ok_or_else(|| invalid(key, phrase!("an integer or a list of integers")))
    }
}

fn invalid(key: &str, expected: Phrase) -> LayerProblem {
    LayerProblem::Invalid(text!("\"{key}\" should be {expected}"))
}

/// The elements of a list, or of a tuple as tf.keras wraps it.
pub(crate) fn sequence(value: &Value) -> Option<&[Value]> {
    match value {
        Value::Array(elements) => Some(elements),
        Value::Object(object) if object.get("class_name")?.as_str() == Some("__tuple__") => object
            .get("items")
            .and_then(Value::as_array)
            .map(Vec::as_slice),
        _ => None,
    }
}

/// An integer from 0 to [`limits::SETTING`]; `2.0` counts.
pub(crate) fn integer(value: &Value) -> Option<usize> {
    let number = value.as_u64().or_else(|| {
        let float = value.as_f64()?;
        (float.fract() == 0.0 && float >= 0.0 && float <= limits::SETTING as f64)
            .then_some(float as u64)
    })?;
    (number <= limits::SETTING)
        .then(|| usize::try_from(number).ok())
        .flatten()
}

fn flatten(value: &Value, numbers: &mut Vec<f32>) -> bool {
    match value {
        Value::Number(number) => match number.as_f64().map(|number| number as f32) {
            Some(number) if number.is_finite() => {
                numbers.push(number);
                true
            }
            _ => false,
        },
        Value::Array(elements) => elements.iter().all(|element| flatten(element, numbers)),
        // `{"type": "ndarray", "value": ...}` in tf.keras, `{"class_name": "__numpy__", "config":
        // {"value": ...}}` in Keras 3.
        Value::Object(object) => object
            .get("value")
            .or_else(|| object.get("config"))
            .is_some_and(|inner| flatten(inner, numbers)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(text: &str) -> Settings {
        let Ok(Value::Object(values)) = serde_json::from_str(text) else {
            panic!("not an object: {text}");
        };
        Settings {
            values,
            generation: Generation::Keras2,
        }
    }

    #[test]
    fn borders_take_every_form_that_keras_takes() {
        let check = |text: &str, expected: Option<[[usize; 2]; 2]>| {
            let settings = settings(&format!("{{\"padding\": {text}}}"));
            assert_eq!(settings.borders("padding").ok(), expected, "{text}");
        };
        check("3", Some([[3, 3], [3, 3]]));
        check("[1, 2]", Some([[1, 1], [2, 2]]));
        check("[[0, 1], [2, 3]]", Some([[0, 1], [2, 3]]));
        check("[[0, 1], 2]", Some([[0, 1], [2, 2]]));
        check("-1", None);
        check("[1, 2, 3]", None);
        check("1e30", None);
    }

    #[test]
    fn pairs_are_positive() {
        let check = |text: &str, expected: Option<Option<[usize; 2]>>| {
            let settings = settings(&format!("{{\"size\": {text}}}"));
            assert_eq!(settings.pair("size").ok(), expected, "{text}");
        };
        check("null", Some(None));
        check("2", Some(Some([2, 2])));
        check("[2, 3]", Some(Some([2, 3])));
        check(
            r#"{"class_name": "__tuple__", "items": [2, 3]}"#,
            Some(Some([2, 3])),
        );
        check("0", None);
        check("[1, 0]", None);
        check("\"2\"", None);
    }

    #[test]
    fn numbers_are_flattened_and_finite() {
        let check = |text: &str, expected: Option<Option<Vec<f32>>>| {
            let settings = settings(&format!("{{\"mean\": {text}}}"));
            assert_eq!(settings.numbers("mean").ok(), expected, "{text}");
        };
        check("0.5", Some(Some(vec![0.5])));
        check("[[1, 2], [3]]", Some(Some(vec![1.0, 2.0, 3.0])));
        check(
            r#"{"type": "ndarray", "value": [4.0]}"#,
            Some(Some(vec![4.0])),
        );
        check("1e300", None);
        check("[]", None);
        check("\"x\"", None);
    }

    #[test]
    fn the_version_tells_the_generation() {
        let check = |version, expected| assert_eq!(Generation::of(version), expected);
        check(None, Generation::Keras2);
        check(Some("2.0.9"), Generation::Keras2);
        check(Some("2.3.0-tf"), Generation::Keras2);
        check(Some("3.15.1"), Generation::Keras3);
        check(Some("nonsense"), Generation::Keras2);
    }
}
