use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};

use crate::definition::LayerDefinition;

/// Orders the calls of a model's layers, as `(layer, call)`, so that each follows what it reads;
/// otherwise they keep the order of the file. `None` when calls depend on each other in a circle.
pub(super) fn execution_order(layers: &[LayerDefinition]) -> Option<Vec<(usize, usize)>> {
    let mut waiting: HashMap<(usize, usize), usize> = HashMap::new();
    let mut readers: HashMap<(usize, usize), Vec<(usize, usize)>> = HashMap::new();
    let mut ready = BinaryHeap::new();
    let mut calls = 0;
    for (layer_index, layer) in layers.iter().enumerate() {
        for (call_index, call) in layer.calls.iter().enumerate() {
            calls += 1;
            let node = (layer_index, call_index);
            let sources: HashSet<(usize, usize)> = call
                .inputs
                .iter()
                .map(|input| (input.layer, input.call))
                .collect();
            if sources.is_empty() {
                ready.push(Reverse(node));
            }
            waiting.insert(node, sources.len());
            for source in sources {
                readers.entry(source).or_default().push(node);
            }
        }
    }
    let mut order = Vec::with_capacity(calls);
    while let Some(Reverse(node)) = ready.pop() {
        order.push(node);
        for reader in readers.remove(&node).unwrap_or_default() {
            if let Some(count) = waiting.get_mut(&reader) {
                *count -= 1;
                if *count == 0 {
                    ready.push(Reverse(reader));
                }
            }
        }
    }
    (order.len() == calls).then_some(order)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::definition::{Call, Content, TensorReference};
    use crate::layers::LayerId;

    /// A layer's number and, for each of its calls, the calls it reads.
    type Calls<'a> = (usize, &'a [&'a [(usize, usize)]]);

    #[test]
    fn calls_follow_what_they_read() {
        let check = |calls: &[Calls<'_>], expected: Option<&[(usize, usize)]>| {
            let layers: Vec<LayerDefinition> = calls
                .iter()
                .map(|&(id, calls)| LayerDefinition {
                    id: LayerId(id),
                    name: id.to_string(),
                    class: String::new(),
                    trainable: true,
                    channels_first: None,
                    dtype: String::new(),
                    recorded_input: None,
                    content: Content::Input(None),
                    calls: calls
                        .iter()
                        .map(|inputs| Call {
                            inputs: inputs
                                .iter()
                                .map(|&(layer, call)| TensorReference {
                                    layer,
                                    call,
                                    output: 0,
                                })
                                .collect(),
                            ..Call::default()
                        })
                        .collect(),
                })
                .collect();
            assert_eq!(execution_order(&layers).as_deref(), expected);
        };
        // The file may list layers in any order.
        check(
            &[(0, &[&[(1, 0)]]), (1, &[&[(2, 0)]]), (2, &[&[]])],
            Some(&[(2, 0), (1, 0), (0, 0)]),
        );
        // The second call of layer 1 reads what follows the first.
        check(
            &[(0, &[&[]]), (1, &[&[(0, 0)], &[(2, 0)]]), (2, &[&[(1, 0)]])],
            Some(&[(0, 0), (1, 0), (2, 0), (1, 1)]),
        );
        check(&[(0, &[&[(1, 0)]]), (1, &[&[(0, 0)]])], None);
        check(&[(0, &[&[(0, 0), (0, 0)]])], None);
    }
}
