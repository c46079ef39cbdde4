use std::rc::Rc;

use graph::Constant;
use localization::{Text, text};
use ndarray::{ArcArray, IxDyn};

use crate::problem::LayerProblem;

/// A tensor that is known before the model runs: a constant, a weight, or what follows from them
/// and from shapes.
#[derive(Debug, Clone)]
pub(super) struct Value {
    shape: Vec<usize>,
    elements: Elements,
}

/// Elements in row-major order, as many as the shape says.
#[derive(Debug, Clone)]
pub(super) enum Elements {
    /// Integers and truth values.
    Integers(Rc<[i64]>),
    /// Real numbers; the array has the shape of the value and lies in row-major order.
    Floats(Constant),
    /// Real numbers that depend on weights, when only shapes are wanted.
    Unread,
}

impl Value {
    /// Integers of a shape; there are as many as it has elements.
    pub(super) fn integers(shape: Vec<usize>, elements: Vec<i64>) -> Self {
        Self {
            shape,
            elements: Elements::Integers(elements.into()),
        }
    }

    /// Integers of rank 1.
    pub(super) fn vector(elements: Vec<i64>) -> Self {
        Self::integers(vec![elements.len()], elements)
    }

    /// One integer.
    pub(super) fn integer(value: i64) -> Self {
        Self::integers(Vec::new(), vec![value])
    }

    /// Real numbers in row-major order.
    pub(super) fn floats(shape: Vec<usize>, elements: Vec<f32>) -> Result<Self, LayerProblem> {
        let array = ArcArray::from_shape_vec(IxDyn(&shape), elements).map_err(|_| {
            LayerProblem::Invalid(text!("a constant does not have the shape {shape:?}"))
        })?;
        Ok(Self::from(array))
    }

    /// Real numbers of which only the shape is known.
    pub(super) fn unread(shape: Vec<usize>) -> Self {
        Self {
            shape,
            elements: Elements::Unread,
        }
    }

    pub(super) fn shape(&self) -> &[usize] {
        &self.shape
    }

    pub(super) fn elements(&self) -> &Elements {
        &self.elements
    }

    /// Number of elements.
    pub(super) fn count(&self) -> usize {
        self.shape.iter().product()
    }

    /// The elements, when they are integers.
    pub(super) fn as_integers(&self) -> Option<&[i64]> {
        match &self.elements {
            Elements::Integers(elements) => Some(elements),
            _ => None,
        }
    }

    /// The elements, when they are known real numbers.
    pub(super) fn as_floats(&self) -> Option<&Constant> {
        match &self.elements {
            Elements::Floats(elements) => Some(elements),
            _ => None,
        }
    }

    /// Same elements in a shape with as many.
    pub(super) fn reshaped(self, shape: Vec<usize>) -> Result<Self, LayerProblem> {
        let wanted = shape
            .iter()
            .try_fold(1usize, |product, &extent| product.checked_mul(extent));
        if wanted != Some(self.count()) {
            return Err(LayerProblem::Invalid(text!(
                "a constant of shape {part:?} cannot get the shape {shape:?}",
                part = self.shape
            )));
        }
        match self.elements {
            Elements::Floats(array) => {
                let array = array.into_shape_with_order(IxDyn(&shape));
                let array = array
                    .map_err(|error| LayerProblem::Invalid(Text::verbatim(error.to_string())))?;
                Ok(Self::from(array))
            }
            elements => Ok(Self { shape, elements }),
        }
    }
}

impl From<Constant> for Value {
    fn from(array: Constant) -> Self {
        let array = if array.is_standard_layout() {
            array
        } else {
            array.as_standard_layout().into_owned().into_shared()
        };
        Self {
            shape: array.shape().to_vec(),
            elements: Elements::Floats(array),
        }
    }
}
