//! The syntax tree.

use crate::text::TextRange;

/// A value and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// From the first to the last byte of the value.
    pub range: TextRange,
    /// The value.
    pub value: Value,
}

/// A JSON value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `{…}`
    Object(Object),
    /// `[…]`
    Array(Vec<Node>),
    /// A string, escapes resolved.
    String(String),
    /// A number.
    Number(serde_json::Number),
    /// `true` or `false`
    Bool(bool),
    /// `null`
    Null,
    /// Text that is no value.
    Malformed,
}

/// The members of an object in the order of the text, repeated keys included.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Object {
    /// The members.
    pub members: Vec<Member>,
    /// False where an error may have hidden members.
    pub complete: bool,
}

/// A key with its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    /// The key.
    pub key: Key,
    /// The value; `None` where the text has none yet.
    pub value: Option<Node>,
}

/// The key of a member.
#[derive(Clone, Debug, PartialEq)]
pub struct Key {
    /// Quotes included.
    pub range: TextRange,
    /// The name, escapes resolved.
    pub name: String,
}

impl Object {
    /// The member of this name; the last one where the name is repeated, as JSON readers do.
    pub fn member(&self, name: &str) -> Option<&Member> {
        self.members.iter().rfind(|member| member.key.name == name)
    }
}

impl Node {
    /// The object that this node is.
    pub fn as_object(&self) -> Option<&Object> {
        match &self.value {
            Value::Object(object) => Some(object),
            _ => None,
        }
    }

    /// The string that this node is.
    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            Value::String(string) => Some(string),
            _ => None,
        }
    }

    /// The whole number that this node is. `5.0` is the whole number 5, as in JSON Schema, although
    /// a check asks to write it without the point.
    pub fn as_integer(&self) -> Option<u64> {
        match &self.value {
            Value::Number(number) => integer(number),
            _ => None,
        }
    }

    /// The truth value that this node is.
    pub fn as_bool(&self) -> Option<bool> {
        match self.value {
            Value::Bool(flag) => Some(flag),
            _ => None,
        }
    }

    /// The value of a member.
    pub fn get(&self, name: &str) -> Option<&Node> {
        self.as_object()?.member(name)?.value.as_ref()
    }

    /// The value that the segments of a path lead to: member names, or positions in arrays.
    pub fn at<'a>(&self, path: impl IntoIterator<Item = &'a str>) -> Option<&Node> {
        path.into_iter()
            .try_fold(self, |node, segment| match &node.value {
                Value::Array(items) => items.get(segment.parse::<usize>().ok()?),
                _ => node.get(segment),
            })
    }

    /// The value as other JSON software sees it: malformed parts left out, the last of repeated
    /// keys kept.
    pub fn to_json(&self) -> Option<serde_json::Value> {
        Some(match &self.value {
            Value::Object(object) => object
                .members
                .iter()
                .filter_map(|member| {
                    Some((member.key.name.clone(), member.value.as_ref()?.to_json()?))
                })
                .collect(),
            Value::Array(items) => items.iter().filter_map(Node::to_json).collect(),
            Value::String(string) => serde_json::Value::from(string.as_str()),
            Value::Number(number) => serde_json::Value::Number(number.clone()),
            Value::Bool(flag) => serde_json::Value::Bool(*flag),
            Value::Null => serde_json::Value::Null,
            Value::Malformed => return None,
        })
    }
}

/// A number without fraction as an unsigned integer.
pub(crate) fn integer(number: &serde_json::Number) -> Option<u64> {
    // Above 2^53 a double no longer tells neighbouring integers apart.
    const LARGEST_EXACT: f64 = 9_007_199_254_740_992.0;
    number.as_u64().or_else(|| {
        let value = number.as_f64()?;
        (value.fract() == 0.0 && (0.0..=LARGEST_EXACT).contains(&value)).then_some(value as u64)
    })
}
