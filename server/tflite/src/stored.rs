//! How one tensor is stored under its encoding.

use std::borrow::Cow;

use graph::Tensor;
use localization::{Text, phrase, text};

use crate::payload::Payload;
use crate::{ElementType, Encoding, QuantizedConstant, WriteError};

/// Element type, quantization and contents of a tensor.
pub(crate) struct Stored<'a> {
    pub(crate) element: ElementType,
    pub(crate) scales: Cow<'a, [f32]>,
    pub(crate) zero_point: i32,
    pub(crate) axis: usize,
    pub(crate) payload: Option<Payload<'a>>,
}

impl<'a> Stored<'a> {
    /// A constant that is not quantized.
    pub(crate) fn plain(payload: Payload<'a>) -> Self {
        Self {
            element: payload.element(),
            scales: Cow::Borrowed(&[]),
            zero_point: 0,
            axis: 0,
            payload: Some(payload),
        }
    }

    fn affine(
        element: ElementType,
        scale: f32,
        zero_point: i32,
        payload: Option<Payload<'a>>,
    ) -> Self {
        Self {
            element,
            scales: Cow::Owned(vec![scale]),
            zero_point,
            axis: 0,
            payload,
        }
    }
}

impl Encoding {
    /// Element type that the encoding stores.
    pub fn element(&self) -> ElementType {
        match self {
            Self::Float32 => ElementType::Float32,
            Self::Affine { element, .. } => *element,
            Self::Quantized(constant) => Payload::quantized(&constant.values).element(),
        }
    }
}

/// Stores a tensor as its encoding says.
///
/// # Errors
/// [`WriteError::Encoding`] when the encoding does not fit the tensor.
pub(crate) fn encode<'a>(
    tensor: &'a Tensor,
    encoding: &'a Encoding,
) -> Result<Stored<'a>, WriteError> {
    match (encoding, &tensor.constant) {
        (Encoding::Float32, None) => Ok(Stored {
            element: ElementType::Float32,
            scales: Cow::Borrowed(&[]),
            zero_point: 0,
            axis: 0,
            payload: None,
        }),
        (Encoding::Float32, Some(constant)) => {
            let values = match constant.as_slice() {
                Some(values) => Cow::Borrowed(values),
                None => constant.iter().copied().collect(),
            };
            Ok(Stored::plain(Payload::Float32(values)))
        }
        (
            &Encoding::Affine {
                element,
                scale,
                zero_point,
            },
            constant,
        ) => {
            check_affine(tensor, element, scale, zero_point)?;
            let payload = constant.as_ref().and_then(|constant| {
                Payload::rounded(constant.iter().copied(), element, scale, zero_point)
            });
            Ok(Stored::affine(element, scale, zero_point, payload))
        }
        (Encoding::Quantized(_), None) => Err(misfit(
            tensor,
            phrase!("it has no constant value that could have been quantized"),
        )),
        (Encoding::Quantized(quantized), Some(_)) => {
            check_quantized(tensor, quantized)?;
            let payload = Payload::quantized(&quantized.values);
            Ok(Stored {
                element: payload.element(),
                scales: Cow::Borrowed(&quantized.scales),
                zero_point: 0,
                axis: quantized.axis,
                payload: Some(payload),
            })
        }
    }
}

/// Stores one number as the elements of a tensor are stored.
///
/// # Errors
/// [`WriteError::Encoding`] when the tensor's encoding is not one for activations.
pub(crate) fn encode_scalar(
    tensor: &Tensor,
    encoding: &Encoding,
    value: f32,
) -> Result<Stored<'static>, WriteError> {
    match *encoding {
        Encoding::Float32 => Ok(Stored::plain(Payload::Float32(Cow::Owned(vec![value])))),
        Encoding::Affine {
            element,
            scale,
            zero_point,
        } => {
            check_affine(tensor, element, scale, zero_point)?;
            let payload = Payload::rounded([value].into_iter(), element, scale, zero_point);
            Ok(Stored::affine(element, scale, zero_point, payload))
        }
        Encoding::Quantized(_) => Err(misfit(tensor, phrase!("a layer computes it"))),
    }
}

/// Stores a bias of zeros for an operator on the given input and kernel: its scales are the
/// products of theirs.
///
/// # Errors
/// [`WriteError::Encoding`] when only one of the two is quantized.
pub(crate) fn encode_zero_bias(
    channels: usize,
    input: &Encoding,
    kernel_tensor: &Tensor,
    kernel: &Encoding,
) -> Result<Stored<'static>, WriteError> {
    let (element, input_scale) = match *input {
        Encoding::Affine { element, scale, .. } => (element, scale),
        _ => {
            let zeros = Payload::Float32(Cow::Owned(vec![0.0; channels]));
            return Ok(Stored::plain(zeros));
        }
    };
    let Encoding::Quantized(kernel) = kernel else {
        return Err(misfit(
            kernel_tensor,
            phrase!("its layer's input is quantized, but it is not"),
        ));
    };
    let payload = if element == ElementType::Int16 {
        Payload::Int64(Cow::Owned(vec![0; channels]))
    } else {
        Payload::Int32(Cow::Owned(vec![0; channels]))
    };
    Ok(Stored {
        scales: (kernel.scales.iter())
            .map(|scale| scale * input_scale)
            .collect(),
        ..Stored::plain(payload)
    })
}

fn check_affine(
    tensor: &Tensor,
    element: ElementType,
    scale: f32,
    zero_point: i32,
) -> Result<(), WriteError> {
    let Some((lowest, highest)) = element.activation_range() else {
        return Err(misfit(
            tensor,
            text!("{element} does not store quantized activations"),
        ));
    };
    check_scales(tensor, &[scale])?;
    if !(lowest..=highest).contains(&zero_point) {
        return Err(misfit(
            tensor,
            text!("its zero point {zero_point} is not an {element}"),
        ));
    }
    if element == ElementType::Int16 && zero_point != 0 {
        return Err(misfit(
            tensor,
            phrase!("int16 activations have zero point 0"),
        ));
    }
    Ok(())
}

fn check_quantized(tensor: &Tensor, quantized: &QuantizedConstant) -> Result<(), WriteError> {
    let given = quantized.values.len();
    if given != tensor.elements() {
        return Err(misfit(
            tensor,
            text!(
                "{given} values are given for {elements} elements",
                elements = tensor.elements()
            ),
        ));
    }
    let scales = quantized.scales.len();
    if scales != 1 && tensor.shape.get(quantized.axis) != Some(&scales) {
        return Err(misfit(
            tensor,
            text!(
                "{scales} scales are given for axis {axis} of shape {shape:?}",
                axis = quantized.axis,
                shape = tensor.shape
            ),
        ));
    }
    check_scales(tensor, &quantized.scales)
}

fn check_scales(tensor: &Tensor, scales: &[f32]) -> Result<(), WriteError> {
    match scales
        .iter()
        .find(|scale| !(scale.is_normal() && **scale > 0.0))
    {
        Some(scale) => Err(misfit(
            tensor,
            text!("its scale {scale:e} is not a positive normal number"),
        )),
        None => Ok(()),
    }
}

fn misfit(tensor: &Tensor, problem: impl Into<Text>) -> WriteError {
    WriteError::Encoding {
        tensor: tensor.name.clone(),
        problem: problem.into(),
    }
}
