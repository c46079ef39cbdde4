//! The TFLite runtime computes what the reference computes from the files that `tflite` writes.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[cfg(not(feature = "tflite-runtime"))]
#[test]
fn says_how_to_build_with_the_runtime() {
    use inference::{InferenceError, Kernels, TfliteModel, tflite_runtime_version};

    eprintln!("not run: the TFLite runtime is not in this build; use `cargo xtask test`");
    assert_eq!(tflite_runtime_version(), None);
    let result = TfliteModel::from_bytes(&[], Kernels::Xnnpack);
    assert_eq!(result.err(), Some(InferenceError::RuntimeAbsent));
}

#[cfg(feature = "tflite-runtime")]
mod operators;

#[cfg(feature = "tflite-runtime")]
mod with_runtime {
    use graph::{Activation, Graph, Op, passes, reference};
    use inference::{InferenceError, Kernels, Model, TfliteModel, tflite_runtime_version};
    use ndarray::ArrayD;
    use tflite::{Encodings, WriteOptions};

    use super::operators::{check_all, relative_error};

    /// XNNPACK approximates some functions by polynomials.
    const TOLERANCE: f32 = 1e-5;

    const KERNELS: [Kernels; 2] = [Kernels::Xnnpack, Kernels::Builtin];

    fn write(graph: &Graph, encodings: &Encodings) -> Result<Vec<u8>, String> {
        let options = WriteOptions::default();
        tflite::write(graph, encodings, &options).map_err(|error| error.to_string())
    }

    fn run(bytes: &[u8], kernels: Kernels, input: &[f32]) -> Result<Vec<f32>, InferenceError> {
        let model = TfliteModel::from_bytes(bytes, kernels)?;
        let mut engine = model.engine()?;
        engine.run(input)?;
        let output = engine.output(0)?;
        let declared: usize = engine.output_shapes()[0].iter().product();
        assert_eq!(output.len(), declared);
        Ok(output.to_vec())
    }

    #[test]
    fn computes_every_operator() {
        for kernels in KERNELS {
            check_all(TOLERANCE, |case| {
                let prepared = passes::prepare(&case.graph);
                let bytes = write(&prepared, &Encodings::float())?;
                run(&bytes, kernels, &case.input).map_err(|error| error.to_string())
            });
        }
    }

    /// Eight bits, of which a clamp or a fixed output scale may use only a part.
    const INT8_TOLERANCE: f32 = 0.02;

    #[test]
    fn computes_every_operator_in_int8() {
        let mut failures = Vec::new();
        for sample in tflite::samples::samples().unwrap() {
            let inputs = sample.inputs(1);
            let graph = with_constants_for_all_but_the_first(&sample.graph, &inputs);
            let expected = reference::evaluate(&graph, &[inputs[0].view()]).unwrap();
            let bytes = match write(&graph, &sample.int8_encodings().unwrap()) {
                Ok(bytes) => bytes,
                Err(_) if !sample.has_int8_kernel => continue,
                Err(problem) => panic!("{}: {problem}", sample.name),
            };
            for kernels in KERNELS {
                let result = run(&bytes, kernels, inputs[0].as_slice().unwrap());
                let error = result.map(|output| relative_error(&output, &expected[0]));
                if !error.as_ref().is_ok_and(|error| *error <= INT8_TOLERANCE) {
                    failures.push(format!("{} ({kernels:?}): {error:?}", sample.name));
                }
            }
        }
        assert!(failures.is_empty(), "{}", failures.join("\n"));
    }

    /// The same tensors and nodes in the same order, so that encodings fit both graphs.
    fn with_constants_for_all_but_the_first(graph: &Graph, inputs: &[ArrayD<f32>]) -> Graph {
        let mut result = Graph::new(graph.name.clone());
        let producers = graph.producers();
        for (id, tensor) in graph.tensors() {
            let input = graph.inputs().iter().position(|&input| input == id);
            let value = match input {
                Some(position) => Some(inputs[position].to_shared()),
                None => tensor.constant.clone(),
            };
            let name = tensor.name.clone();
            match (input, value, producers[id.0 as usize]) {
                (Some(0), _, _) => result.add_input(name, &tensor.shape).unwrap(),
                (_, Some(value), _) => result.add_constant(name, value),
                (_, None, Some(node)) => {
                    let node = &graph.nodes()[node.0 as usize];
                    let op = node.op.clone();
                    result.add_node(name, op, &node.inputs).unwrap()
                }
                (_, None, None) => panic!("{name} has no value"),
            };
        }
        result.set_nodes(graph.nodes().to_vec());
        result.set_outputs(graph.outputs());
        result
    }

    fn negation() -> Vec<u8> {
        let mut graph = Graph::new("negation");
        let x = graph.add_input("x", &[1, 3]).unwrap();
        let y = graph
            .add_node("y", Op::Activation(Activation::Negate), &[x])
            .unwrap();
        graph.set_outputs(&[y]);
        write(&graph, &Encodings::float()).unwrap()
    }

    #[test]
    fn names_version_and_kernels() {
        let version = tflite_runtime_version().unwrap();
        let bytes = negation();
        let check = |kernels, expected: String| {
            let model = TfliteModel::from_bytes(&bytes, kernels).unwrap();
            assert_eq!(model.description(), expected);
        };
        check(Kernels::Xnnpack, format!("TFLite {version} with XNNPACK"));
        check(
            Kernels::Builtin,
            format!("TFLite {version} with built-in kernels"),
        );
    }

    #[test]
    fn runs_engines_of_one_model_on_several_threads() {
        let bytes = negation();
        let model = TfliteModel::from_bytes(&bytes, Kernels::Xnnpack).unwrap();
        std::thread::scope(|scope| {
            for thread in 0..4u8 {
                let model = &model;
                scope.spawn(move || {
                    let mut engine = model.engine().unwrap();
                    for step in 0..100u8 {
                        let input = [1.0, f32::from(thread), f32::from(step)];
                        engine.run(&input).unwrap();
                        assert_eq!(*engine.output(0).unwrap(), input.map(|x| -x));
                    }
                });
            }
        });
    }

    #[test]
    fn refuses_what_it_cannot_run() {
        let whole = negation();
        for bytes in [&[][..], b"PK\x03\x04TFL", &[0xff; 100], &whole[..100]] {
            let result = TfliteModel::from_bytes(bytes, Kernels::Builtin);
            assert!(matches!(result.err(), Some(InferenceError::File(_))));
        }

        let model = TfliteModel::from_bytes(&whole, Kernels::Builtin).unwrap();
        let mut engine = model.engine().unwrap();
        let absent = |index| Some(InferenceError::NoOutput { index });
        assert_eq!(engine.output(0).err(), absent(0));
        let length = InferenceError::InputLength {
            given: 2,
            expected: 3,
        };
        assert_eq!(engine.run(&[0.0; 2]).err(), Some(length));
        engine.run(&[0.0; 3]).unwrap();
        assert_eq!(engine.output(1).err(), absent(1));
    }
}
