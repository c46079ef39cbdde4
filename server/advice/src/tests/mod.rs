//! Every rule on small models that have the problem, and on ones that almost have it.

mod inputs;
mod layers;

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use configuration::{Choice, QuantizationSettings, Settings, Target};
use graph::passes::Rewrites;
use graph::{Activation, Constant, Graph, Op, TensorId, Window, reference};
use ndarray::{ArrayD, IxDyn};
use quantization::{
    ActivationMethod, FoundThresholds, Observer, Options, Statistics, observations, quantize,
};
use report::{Advice, Comparison, Layer};

use crate::{Evidence, ImageMoments, ImageSet, Names, Proposal, advise};

/// Images in a test.
const IMAGES: usize = 128;

/// Images that the model is run on.
const SEEN: usize = 64;

/// A model, and everything else that advice is given on, sound unless a test changes it.
struct Case {
    settings: Settings,
    graph: Graph,
    /// The model as it was read, where it is another graph.
    source: Option<Graph>,
    input: TensorId,
    /// Pixels of the image of a number.
    image: fn(usize, &[usize]) -> Vec<f32>,
    calibration: ImageSet,
    samples: usize,
    evaluation: Option<ImageSet>,
    classes: Option<Names>,
    layers: Vec<Layer>,
    comparison: Option<Comparison>,
}

impl Case {
    /// A model that takes images of this shape.
    fn new(shape: &[usize]) -> Self {
        let mut graph = Graph::new("model");
        let input = graph.add_input("input", shape).unwrap();
        Self {
            settings: settings(),
            graph,
            source: None,
            input,
            image: |number, shape| bell(number as u32, shape.iter().product()),
            calibration: set(IMAGES, 0.0, 0.5),
            samples: IMAGES,
            evaluation: None,
            classes: None,
            layers: Vec::new(),
            comparison: None,
        }
    }

    fn add(&mut self, name: &str, op: Op, inputs: &[TensorId]) -> TensorId {
        self.graph.add_node(name, op, inputs).unwrap()
    }

    fn activation(&mut self, name: &str, activation: Activation, input: TensorId) -> TensorId {
        self.add(name, Op::Activation(activation), &[input])
    }

    fn constant(&mut self, shape: &[usize], values: Vec<f32>) -> TensorId {
        let value: Constant = ArrayD::from_shape_vec(IxDyn(shape), values).unwrap().into();
        let name = format!("constant{}", self.graph.tensors().count());
        self.graph.add_constant(name, value)
    }

    /// A 1 x 1 convolution with `weight(output, input)`.
    fn conv(
        &mut self,
        name: &str,
        input: TensorId,
        outputs: usize,
        weight: impl Fn(usize, usize) -> f32,
    ) -> TensorId {
        let channels = *self.graph.shape(input).last().unwrap();
        let weights = (0..outputs * channels).map(|at| weight(at / channels, at % channels));
        let kernel = self.constant(&[outputs, 1, 1, channels], weights.collect());
        let bias = self.constant(&[outputs], vec![1e-3; outputs]);
        let op = Op::Conv2d {
            window: Window::UNIT,
            groups: 1,
        };
        self.add(name, op, &[input, kernel, bias])
    }

    /// Codes and layers of the advice on the model that ends at `output`.
    fn advise(&mut self, output: TensorId) -> Vec<Advice> {
        let proposals = self.propose(output);
        proposals
            .into_iter()
            .map(|proposal| proposal.advice)
            .collect()
    }

    fn propose(&mut self, output: TensorId) -> Vec<Proposal> {
        self.graph.set_outputs(&[output]);
        let options = Options {
            activations: quantization::ActivationSettings {
                method: match self.settings.target {
                    Target::Imx500 | Target::File(_) => ActivationMethod::PowerOfTwo,
                    Target::Tflite => ActivationMethod::Uniform,
                },
                z_threshold: self.settings.quantization.z_threshold,
                ..Default::default()
            },
            shift_negative_ratio: Some(self.settings.quantization.shift_negative_ratio).filter(
                |_| {
                    let chosen = &self.settings.quantization;
                    chosen.shift_negative_activation_correction == Choice::On
                },
            ),
            weights: quantization::WeightSettings {
                per_channel: self.settings.quantization.weights_per_channel_threshold,
                ..Default::default()
            },
            ..Options::default()
        };
        let [mut first, second] = [0, 1].map(|half| self.observe(half));
        let halves = [first.finish(), second.finish()];
        first.merge(&second);
        let statistics: Statistics = first.finish();
        let never = AtomicBool::new(false);
        let model = quantize(
            &self.graph,
            &statistics,
            &options,
            &mut FoundThresholds::default(),
            1,
            &never,
            &mut |_, _| {},
        )
        .unwrap();
        advise(&Evidence {
            settings: &self.settings,
            options: &options,
            rewrites: &Rewrites::default(),
            source: self.source.as_ref().unwrap_or(&self.graph),
            graph: &self.graph,
            model: &model,
            statistics: &statistics,
            halves: &halves,
            calibration: &self.calibration,
            samples: self.samples,
            evaluation: self.evaluation.as_ref(),
            classes: self.classes.as_ref(),
            layers: &self.layers,
            comparison: self.comparison.as_ref(),
        })
    }

    fn observe(&self, half: usize) -> Observer {
        let observed = observations(&self.graph);
        let mut observer = Observer::new(&self.graph, &observed);
        let shape = self.graph.shape(self.input);
        for number in (half..SEEN).step_by(2) {
            let image = ArrayD::from_shape_vec(IxDyn(shape), (self.image)(number, shape)).unwrap();
            let values = reference::evaluate_all(&self.graph, &[image.view()]).unwrap();
            for (position, observation) in observed.iter().enumerate() {
                let value = values[observation.tensor.0 as usize].as_ref().unwrap();
                let value = value.as_standard_layout();
                observer
                    .observe(position, value.as_slice().unwrap(), 1)
                    .unwrap();
            }
        }
        observer
    }

    /// Checks which advice there is, and gives it.
    #[track_caller]
    fn expect(&mut self, output: TensorId, codes: &[&str]) -> Vec<Advice> {
        let advice = self.advise(output);
        let found: Vec<&str> = advice.iter().map(|advice| advice.code).collect();
        assert_eq!(found, codes, "{advice:#?}");
        advice
    }
}

/// Images of one channel with this mean and deviation, which differ a little from each other.
fn set(count: usize, mean: f64, deviation: f64) -> ImageSet {
    let moments = (0..count).map(|number| {
        let shift = (number % 5) as f64 - 2.0;
        ImageMoments {
            means: vec![mean + 0.1 * deviation * shift],
            deviations: vec![deviation * (1.0 + 0.05 * shift)],
        }
    });
    ImageSet {
        moments: moments.collect(),
        answers: (0..count).map(|number| number % 4).collect(),
    }
}

/// Nearly normal numbers: sums of twelve uniform ones, less six.
fn bell(seed: u32, count: usize) -> Vec<f32> {
    let mut state = seed.wrapping_mul(7919).wrapping_add(1);
    let mut uniform = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state as f32 / u32::MAX as f32
    };
    (0..count)
        .map(|_| (0..12).map(|_| uniform()).sum::<f32>() - 6.0)
        .collect()
}

fn settings() -> Settings {
    Settings {
        source_keras_model: PathBuf::new(),
        dataset_image_dir: PathBuf::new(),
        batch_size: 50,
        input_tensor_size: [8, 8],
        iteration_count: 10,
        output_dir: PathBuf::new(),
        evaluate_image_dir: PathBuf::new(),
        evaluate_image_extension: "jpg".to_owned(),
        evaluate_label_file: PathBuf::new(),
        evaluate_result_dir: PathBuf::new(),
        preprocessing: Default::default(),
        evaluate_preprocessing: Default::default(),
        target: Target::Imx500,
        quantization: QuantizationSettings::default(),
        written: serde_json::Value::Null,
    }
}
