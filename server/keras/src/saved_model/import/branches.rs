//! Branches whose conditions follow from shapes, as Keras 2 traces them for layers that crop.

use localization::text;

use super::ImportOptions;
use super::augmentation::Augmentation;
use super::importer::{Importer, Source};
use super::needed;
use super::scopes::Scopes;
use crate::error::ErrorKind;
use crate::saved_model::flat::{FlatGraph, Port, SignatureTensor};
use crate::saved_model::variables::Variables;

/// Branches one behind the other; each needs the shapes that the one before it gives.
const PASSES: usize = 64;

/// Decides as many branches as possible. The graph is gone through without weights up to the first
/// branches, whose results are then those of one function, and again up to the next ones.
pub(super) fn decide(
    flat: &FlatGraph<'_>,
    variables: &Variables,
    options: &ImportOptions<'_>,
    (input, output): (&SignatureTensor, Port),
    augmentation: &mut Augmentation,
) -> Result<(), ErrorKind> {
    if !flat.nodes.iter().any(|node| node.is_branch()) {
        return Ok(());
    }
    for _ in 0..PASSES {
        let target = augmentation.source(output);
        let needed = needed(flat, augmentation, target);
        let scopes = Scopes::of(flat, &needed, options.naming);
        let source = Source {
            flat,
            variables,
            scopes: &scopes,
            augmentation,
        };
        let importer = Importer::new(source, false);
        let decided = importer.run(input, options, &needed, target)?.branches;
        if decided.is_empty() {
            return Ok(());
        }
        for (index, holds) in decided {
            if let Some(branch) = flat.nodes.get(index) {
                augmentation.replace_branch(index, branch, holds);
            }
        }
    }
    Err(ErrorKind::Limit {
        what: text!("too many branches behind each other"),
        limit: text!("{count} branches", count = PASSES),
    })
}
