//! From the model that the user gives to one that can be written, and how it is to be quantized.

use configuration::target::Capabilities;
use configuration::{Settings, UnsupportedOperators};
use graph::Graph;
use graph::passes::{self, Rewrites};
use localization::{Phrase, phrase};
use quantization::Options;

use crate::classifier::Classifier;
use crate::context::Context;
use crate::error::JobError;
use crate::event::Stage;
use crate::layers::LayerNames;
use crate::overrides;

/// A model whose operators TFLite has.
pub(super) struct Conversion {
    /// The same function as the user's model, layer by layer; it becomes the float file.
    pub(super) prepared: Graph,
    /// What the settings ask to rewrite in any case.
    pub(super) rewrites: Rewrites,
    /// The rewritten model, which is calibrated.
    pub(super) base: Graph,
    /// What the settings ask of all layers and of single ones.
    pub(super) options: Options,
}

impl Conversion {
    pub(super) fn new(
        settings: &Settings,
        target: &Capabilities,
        classifier: &Classifier,
        context: &mut Context,
    ) -> Result<Self, JobError> {
        context.begin(Stage::Convert, phrase!("converting"), 0, Phrase::NONE);
        let prepared = passes::prepare(&classifier.graph);
        let chosen = &settings.quantization;
        let rewrites = chosen.rewrites();
        let base = passes::prepare_with(&classifier.graph, &rewrites);
        let mut options = chosen.options(target);
        let names = LayerNames::new(&classifier.layers, &classifier.graph, &base);
        for warning in overrides::apply(chosen, target, &names, &base, &mut options)? {
            context.warn(warning);
        }
        if chosen.unsupported_operators == UnsupportedOperators::Float {
            for warning in overrides::keep_in_float(target, &base, &mut options)? {
                context.warn(warning);
            }
        }
        quantization::check_operators(&base, &options)?;
        context.check_cancelled()?;
        Ok(Self {
            prepared,
            rewrites,
            base,
            options,
        })
    }
}
