//! Layer-wise reconstruction: each layer is fitted to what the layers before it hand over in the
//! quantized model, and kept where images that fit nothing have less noise then.

use graph::{Graph, TensorId};
use inference::{Engine, Kernels, Model as _, TfliteModel};
use localization::phrase;
use quantization::{LayerStudy, QuantizedModel, Reconstruction};
use tflite::{Encodings, WriteOptions};

use super::held_out::{Expectation, Judge, Noise};
use crate::context::Context;
use crate::error::JobError;
use crate::event::Stage;
use crate::float_model::CalibrationSet;
use crate::workers::run_in_order;

/// How far weights may go from the float ones; the judge chooses.
const SHARES: [f64; 3] = [0.0, 0.5, 1.0];

/// Fits the layers of a model made of `graph` by the pictures of `set`, which must not be those of
/// the judge, and keeps what the judge finds better. Needs the TFLite runtime.
pub(super) fn reconstruct(
    graph: &Graph,
    model: &mut QuantizedModel,
    set: &CalibrationSet,
    judge: &Judge,
    seed: u64,
    context: &mut Context,
) -> Result<(), JobError> {
    let reconstruction = Reconstruction::new(graph, model, seed, context.threads)?;
    let title = phrase!("fitting layer by layer");
    context.begin(
        Stage::Round,
        title,
        reconstruction.layers(),
        phrase!("layers"),
    );
    let mut present = judge.noise(&model.graph, &model.encodings, context)?;
    for layer in 0..reconstruction.layers() {
        if let Some(mut study) = reconstruction.study(layer, model, set.samples.len()) {
            collect(graph, model, &mut study, set, context)?;
            let flag = context.cancellation.clone();
            let proposals = match study.fit(model, &SHARES, flag.flag()) {
                Err(quantization::QuantizationError::Cancelled) => return Err(JobError::Cancelled),
                other => other?,
            };
            let mut best: Option<(Noise, QuantizedModel)> = None;
            for proposal in proposals {
                let mut changed = model.clone();
                proposal.apply(&mut changed);
                let noise = judge.noise(&changed.graph, &changed.encodings, context)?;
                let rival = best.as_ref().map_or(&present, |(noise, _)| noise);
                if noise.is_below(rival, Expectation::Fitted) {
                    best = Some((noise, changed));
                }
            }
            if let Some((noise, changed)) = best {
                (*model, present) = (changed, noise);
            }
        }
        context.progress(layer + 1);
    }
    Ok(())
}

/// Runs both models and adds the rows of every picture, in order.
fn collect(
    graph: &Graph,
    model: &QuantizedModel,
    study: &mut LayerStudy,
    set: &CalibrationSet,
    context: &Context,
) -> Result<(), JobError> {
    let [float, integer] = study.tensors();
    let float = Front::new(graph, &Encodings::float(), &float)?;
    let integer = Front::new(&model.graph, &model.encodings, &integer)?;
    let models = [float.model()?, integer.model()?];
    // Rows are added as they come: all of them twice would take much memory.
    let sampler = study.clone();
    run_in_order(
        set.samples.len(),
        context.threads,
        context.cancellation.flag(),
        || {
            let [float, integer] = &models;
            Ok((engine(float)?, engine(integer)?, set.images.room()))
        },
        |(float_engine, integer_engine, room), index| {
            set.images.read(set.path(&set.samples[index]), room)?;
            let input = room.as_slice();
            let float = float.values(float_engine, input)?;
            let integer = integer.values(integer_engine, input)?;
            let [float, integer] = [&float, &integer]
                .map(|values| values.iter().map(Vec::as_slice).collect::<Vec<_>>());
            Ok(sampler.take(index, &float, &integer))
        },
        || {},
        |_, taken| {
            study.add(&taken);
            Ok(())
        },
    )
}

/// The part of a model that computes some tensors.
struct Front {
    /// `None` where they are all inputs.
    file: Option<Vec<u8>>,
    /// Where each tensor is: an output, or the input.
    places: Vec<Option<usize>>,
}

impl Front {
    fn new(graph: &Graph, encodings: &Encodings, tensors: &[TensorId]) -> Result<Self, JobError> {
        let computed = |tensor: &&TensorId| !graph.inputs().contains(tensor);
        let mut outputs: Vec<TensorId> = tensors.iter().filter(computed).copied().collect();
        outputs.sort_unstable();
        outputs.dedup();
        let place = |tensor: &TensorId| outputs.iter().position(|output| output == tensor);
        let places = tensors.iter().map(place).collect();
        let mut nodes = graph.nodes().to_vec();
        let last = nodes
            .iter()
            .rposition(|node| outputs.contains(&node.output));
        let Some(last) = last else {
            return Ok(Self { file: None, places });
        };
        nodes.truncate(last + 1);
        let mut front = graph.clone();
        front.set_nodes(nodes);
        front.set_outputs(&outputs);
        let options = WriteOptions {
            extra_outputs: &[],
            description: "reconstruction",
        };
        Ok(Self {
            file: Some(tflite::write(&front, encodings, &options)?),
            places,
        })
    }

    fn model(&self) -> Result<Option<TfliteModel<'_>>, JobError> {
        let Some(file) = &self.file else {
            return Ok(None);
        };
        let model = TfliteModel::from_bytes(file, Kernels::Xnnpack);
        Ok(Some(model.map_err(JobError::Unusable)?))
    }

    fn values(
        &self,
        engine: &mut Option<Box<dyn Engine + '_>>,
        input: &[f32],
    ) -> Result<Vec<Vec<f32>>, JobError> {
        if let Some(engine) = engine {
            engine.run(input)?;
        }
        let value = |place: &Option<usize>| match (place, &engine) {
            (Some(place), Some(engine)) => Ok(engine.output(*place)?.to_vec()),
            _ => Ok(input.to_vec()),
        };
        self.places.iter().map(value).collect()
    }
}

fn engine<'a>(
    model: &'a Option<TfliteModel<'_>>,
) -> Result<Option<Box<dyn Engine + 'a>>, JobError> {
    Ok(model.as_ref().map(|model| model.engine()).transpose()?)
}
