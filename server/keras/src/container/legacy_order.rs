//! The order in which the .h5 format stores the variables of a layer or nested model: all
//! trainable ones, then all others, as `_legacy_weights` in Keras' hdf5_format has it.

use crate::definition::{Content, LayerDefinition, ModelDefinition};
use crate::layers::VariableId;
use crate::settings::Generation;

/// Variables of a top-level layer in the order of its `weight_names`.
pub(super) fn stored_order(layer: &LayerDefinition, generation: Generation) -> Vec<VariableId> {
    let mut order = Vec::new();
    match generation {
        Generation::Keras2 => {
            collect_keras2(layer, true, &mut order);
            collect_keras2(layer, false, &mut order);
        }
        Generation::Keras3 => {
            // A frozen model lists its variables layer by layer.
            let frozen = matches!(&layer.content, Content::Model(model) if !model.trainable);
            let mut all = Vec::new();
            collect_keras3(layer, &mut all);
            if !frozen {
                all.sort_by_key(|&(_, trainable)| !trainable);
            }
            order.extend(all.into_iter().map(|(variable, _)| variable));
        }
    }
    order
}

fn own(layer: &LayerDefinition, trained: bool) -> impl Iterator<Item = VariableId> {
    layer
        .variables()
        .iter()
        .enumerate()
        .filter(move |(_, variable)| variable.trainable == trained)
        .map(|(index, _)| VariableId {
            layer: layer.id,
            index,
        })
}

/// Keras 2: `trainable_weights` or `non_trainable_weights` of a layer or model.
fn collect_keras2(layer: &LayerDefinition, trainable: bool, order: &mut Vec<VariableId>) {
    match &layer.content {
        Content::Model(model) => collect_keras2_model(model, trainable, order),
        _ => match (layer.trainable, trainable) {
            (true, trainable) => order.extend(own(layer, trainable)),
            (false, true) => {}
            (false, false) => order.extend(own(layer, true).chain(own(layer, false))),
        },
    }
}

fn collect_keras2_model(model: &ModelDefinition, trainable: bool, order: &mut Vec<VariableId>) {
    let mut each = |trainable: bool| {
        for layer in &model.layers {
            collect_keras2(layer, trainable, order);
        }
    };
    match (model.trainable, trainable) {
        (true, trainable) => each(trainable),
        (false, true) => {}
        (false, false) => {
            each(true);
            each(false);
        }
    }
}

/// Keras 3: `weights` of a layer or model, with whether each is trainable now.
fn collect_keras3(layer: &LayerDefinition, order: &mut Vec<(VariableId, bool)>) {
    match &layer.content {
        Content::Model(model) => {
            for layer in &model.layers {
                collect_keras3(layer, order);
            }
        }
        _ => {
            order.extend(own(layer, true).map(|variable| (variable, layer.trainable)));
            order.extend(own(layer, false).map(|variable| (variable, false)));
        }
    }
}
