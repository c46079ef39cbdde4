//! Which tensor of the checkpoint belongs to which variable, by the objects that own them.
//!
//! The SavedModel describes its objects, the checkpoint describes those that were saved to it, and in
//! both each object has children by name. Whoever is reached by the same names from the root is the
//! same object. This is how TensorFlow restores a SavedModel; see `saved_object_graph.proto` and
//! `trackable_object_graph.proto`.

use std::collections::HashMap;

use localization::{phrase, text};

use super::damage::damaged;
use super::protocol::{MapEntry, decode};
use super::wire::{Malformed, Value, extend_integers, fields};
use crate::error::ErrorKind;
use crate::limits;

/// Name of the attribute of a saved object that is its value.
const VALUE: &str = "VARIABLE_VALUE";

/// The objects of a SavedModel and those of its checkpoint.
#[derive(Debug)]
pub(super) struct ObjectGraph<'a> {
    saved: Objects<'a>,
    stored: Objects<'a>,
    /// For objects of the SavedModel the same ones in the checkpoint.
    counterparts: HashMap<u32, u32>,
}

impl<'a> ObjectGraph<'a> {
    /// `saved` is the `SavedObjectGraph`, `checkpoint` the `TrackableObjectGraph`.
    pub(super) fn of(saved: &'a [u8], checkpoint: &'a [u8]) -> Result<Self, ErrorKind> {
        let saved = Objects::of(saved)?;
        let stored = Objects::of(checkpoint)?;
        let counterparts = match_objects(&saved, &stored)?;
        Ok(Self {
            saved,
            stored,
            counterparts,
        })
    }

    /// Keys of the variables that a function has bound, in the order in which a call hands them
    /// over behind the other arguments; `None` for what is not a variable in the checkpoint, and
    /// `None` for functions without such a list.
    pub(super) fn bound_keys(
        &self,
        function: &str,
    ) -> Result<Option<Vec<Option<&'a str>>>, ErrorKind> {
        let Some(message) = self.saved.function(function)? else {
            return Ok(None);
        };
        let mut bound = Vec::new();
        for field in fields(message) {
            if let (2, value) = field? {
                extend_integers(&mut bound, value)?;
            }
        }
        let keys = bound.into_iter().map(|object| {
            let object = u32::try_from(object).ok();
            match object.and_then(|object| self.counterparts.get(&object)) {
                Some(&counterpart) => self.stored.key(counterpart),
                None => Ok(None),
            }
        });
        keys.collect::<Result<_, _>>().map(Some)
    }
}

/// Objects, each a message with children, and functions.
#[derive(Debug)]
struct Objects<'a> {
    objects: Vec<&'a [u8]>,
    graph: &'a [u8],
}

impl<'a> Objects<'a> {
    fn of(graph: &'a [u8]) -> Result<Self, ErrorKind> {
        let mut objects = Vec::new();
        for field in fields(graph) {
            if let (1, object) = field? {
                if objects.len() >= limits::OBJECTS {
                    return Err(ErrorKind::Limit {
                        what: text!("too many objects"),
                        limit: text!("{count} objects", count = limits::OBJECTS),
                    });
                }
                objects.push(object.bytes()?);
            }
        }
        Ok(Self { objects, graph })
    }

    /// The `SavedConcreteFunction` of a name.
    fn function(&self, name: &str) -> Result<Option<&'a [u8]>, Malformed> {
        for field in fields(self.graph) {
            if let (2, value) = field? {
                let entry: MapEntry<'_> = decode(value.bytes()?)?;
                if entry.key == name {
                    return Ok(Some(entry.value));
                }
            }
        }
        Ok(None)
    }

    fn object(&self, number: u32) -> Result<&'a [u8], ErrorKind> {
        let object = self.objects.get(number as usize).copied();
        object.ok_or_else(|| damaged(phrase!("an object has a child that is missing")))
    }

    /// Names and numbers of the children of an object.
    fn children(&self, number: u32) -> Result<Vec<(&'a str, u32)>, ErrorKind> {
        let mut children = Vec::new();
        for field in fields(self.object(number)?) {
            if let (1, value) = field? {
                children.push(child(value)?);
            }
        }
        Ok(children)
    }

    /// Key of the value of an object of a checkpoint.
    fn key(&self, number: u32) -> Result<Option<&'a str>, ErrorKind> {
        for field in fields(self.object(number)?) {
            if let (2, attribute) = field? {
                let (mut name, mut key) = ("", "");
                for field in fields(attribute.bytes()?) {
                    match field? {
                        (1, value) => name = value.text()?,
                        (3, value) => key = value.text()?,
                        _ => {}
                    }
                }
                if name == VALUE {
                    return Ok(Some(key));
                }
            }
        }
        Ok(None)
    }
}

/// `ObjectReference` in both of the files.
fn child(value: Value<'_>) -> Result<(&str, u32), Malformed> {
    let (mut number, mut name) = (0, "");
    for field in fields(value.bytes()?) {
        match field? {
            (1, value) => number = value.integer()?,
            (2, value) => name = value.text()?,
            _ => {}
        }
    }
    let number =
        u32::try_from(number).map_err(|_| Malformed(phrase!("an object has no proper number")))?;
    Ok((name, number))
}

/// Goes through both graphs side by side, from the root, which is object 0 in each.
fn match_objects(
    saved: &Objects<'_>,
    stored: &Objects<'_>,
) -> Result<HashMap<u32, u32>, ErrorKind> {
    let mut counterparts = HashMap::new();
    let mut pairs = vec![(0, 0)];
    // An object of a checkpoint may be the counterpart of several, but not of all that there are.
    let mut children_left = limits::OBJECTS;
    while let Some((here, there)) = pairs.pop() {
        if counterparts.contains_key(&here) || here as usize >= saved.objects.len() {
            continue;
        }
        counterparts.insert(here, there);
        let names: HashMap<&str, u32> = stored.children(there)?.into_iter().collect();
        let children = saved.children(here)?;
        children_left = children_left
            .checked_sub(names.len() + children.len())
            .ok_or_else(|| ErrorKind::Limit {
                what: text!("too many objects inside each other"),
                limit: text!("{count} objects", count = limits::OBJECTS),
            })?;
        let children = children.into_iter().rev();
        pairs.extend(children.filter_map(|(name, number)| Some((number, *names.get(name)?))));
    }
    Ok(counterparts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(fields: &[(u8, &[u8])]) -> Vec<u8> {
        let mut message = Vec::new();
        for (number, contents) in fields {
            message.extend([number << 3 | 2, contents.len() as u8]);
            message.extend(*contents);
        }
        message
    }

    /// Numbers and names of children and, in a checkpoint, a key.
    type Described<'a> = (&'a [(u8, &'a str)], Option<&'a str>);

    fn graph(objects: &[Described<'_>]) -> Vec<u8> {
        let mut graph = Vec::new();
        for (children, key) in objects {
            let mut object = Vec::new();
            for (number, name) in *children {
                let mut child = vec![8, *number];
                child.extend(message(&[(2, name.as_bytes())]));
                object.extend(message(&[(1, &child)]));
            }
            if let Some(key) = key {
                let attribute = message(&[(1, VALUE.as_bytes()), (3, key.as_bytes())]);
                object.extend(message(&[(2, &attribute)]));
            }
            graph.extend(message(&[(1, &object)]));
        }
        graph
    }

    #[test]
    fn objects_match_by_the_names_that_lead_to_them() {
        let mut saved = graph(&[
            (&[(2, "dense"), (1, "extra"), (0, "itself")], None),
            (&[], None),
            (&[(4, "kernel"), (3, "bias"), (0, "owner")], None),
            (&[], None),
            (&[], None),
        ]);
        // What function "f" has bound: the kernel, the extra object, the bias.
        let function = message(&[(2, &[4, 1, 3])]);
        saved.extend(message(&[(2, &message(&[(1, b"f"), (2, &function)]))]));
        let stored = graph(&[
            (&[(1, "dense"), (0, "itself")], None),
            (&[(2, "bias"), (3, "kernel")], None),
            (&[], Some("dense/bias")),
            (&[], Some("dense/kernel")),
        ]);
        let objects = ObjectGraph::of(&saved, &stored).unwrap();
        assert_eq!(
            objects.bound_keys("f").unwrap(),
            Some(vec![Some("dense/kernel"), None, Some("dense/bias")])
        );
        assert_eq!(objects.bound_keys("g").unwrap(), None);
    }

    #[test]
    fn missing_children_are_errors() {
        let whole = graph(&[(&[(1, "a")], None), (&[], Some("a"))]);
        let missing = graph(&[(&[(7, "a")], None)]);
        assert!(ObjectGraph::of(&whole, &whole).is_ok());
        assert!(ObjectGraph::of(&whole, &missing).is_err());
        assert!(ObjectGraph::of(&missing, &whole).is_ok());
        assert!(ObjectGraph::of(&whole, &[]).is_err());
    }
}
