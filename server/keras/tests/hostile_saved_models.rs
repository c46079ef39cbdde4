//! SavedModels that somebody made up: functions that call themselves, nodes in circles, constants
//! beyond all measure. Each is refused with a reason, quickly and in little memory.

#![expect(clippy::too_many_lines, reason = "one table of models")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::path::Path;
use std::time::{Duration, Instant};

use keras::{ErrorKind, ReadOptions, inspect, read};

/// Most time that one model may take, on a busy machine.
const TIME: Duration = Duration::from_secs(10);

/// A message of protocol buffers that is being written.
#[derive(Clone, Default)]
struct Message(Vec<u8>);

impl Message {
    fn varint(mut self, mut value: u64) -> Self {
        while value > 0x7f {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
        self
    }

    fn bytes(self, field: u64, bytes: &[u8]) -> Self {
        let mut message = self.varint(field << 3 | 2).varint(bytes.len() as u64);
        message.0.extend(bytes);
        message
    }

    fn text(self, field: u64, text: &str) -> Self {
        self.bytes(field, text.as_bytes())
    }

    fn integer(self, field: u64, value: u64) -> Self {
        self.varint(field << 3).varint(value)
    }

    fn message(self, field: u64, message: &Self) -> Self {
        self.bytes(field, &message.0)
    }

    fn messages(self, field: u64, messages: &[Self]) -> Self {
        messages
            .iter()
            .fold(self, |all, one| all.message(field, one))
    }

    fn entry(key: &str, value: &Self) -> Self {
        Self::default().text(1, key).message(2, value)
    }
}

fn node(name: &str, op: &str, inputs: &[&str]) -> Message {
    let node = Message::default().text(1, name).text(2, op);
    inputs.iter().fold(node, |node, input| node.text(3, input))
}

fn with_attribute(node: Message, name: &str, value: &Message) -> Message {
    node.message(5, &Message::entry(name, value))
}

fn call(name: &str, function: &str, inputs: &[&str]) -> Message {
    let function = Message::default().text(1, function);
    let value = Message::default().message(10, &function);
    with_attribute(node(name, "PartitionedCall", inputs), "f", &value)
}

/// A node that calls a function whatever its condition is.
fn branch(name: &str, function: &str, inputs: &[&str]) -> Message {
    let function = Message::default().text(1, function);
    let value = Message::default().message(10, &function);
    let node = with_attribute(node(name, "If", inputs), "then_branch", &value);
    with_attribute(node, "else_branch", &value)
}

fn constant(name: &str, extents: &[u64]) -> Message {
    let extents: Vec<Message> = extents
        .iter()
        .map(|&it| Message::default().integer(1, it))
        .collect();
    let shape = Message::default().messages(2, &extents);
    // One element that stands for all.
    let tensor = Message::default()
        .integer(1, 1)
        .message(2, &shape)
        .bytes(5, &1.0f32.to_le_bytes());
    let value = Message::default().message(8, &tensor);
    with_attribute(node(name, "Const", &[]), "value", &value)
}

/// A function of one parameter, `x`, with one result.
fn function(name: &str, nodes: &[Message], result: &str) -> Message {
    let signature = Message::default()
        .text(1, name)
        .message(2, &Message::default().text(1, "x"))
        .message(3, &Message::default().text(1, "y"));
    Message::default()
        .message(1, &signature)
        .messages(3, nodes)
        .message(4, &Message::default().text(1, "y").text(2, result))
}

fn tensor(name: &str) -> Message {
    let extents = [1, 4].map(|extent| Message::default().integer(1, extent));
    let shape = Message::default().messages(2, &extents);
    Message::default()
        .text(1, name)
        .integer(2, 1)
        .message(3, &shape)
}

/// A SavedModel with the input `x` and the output `y`, nodes of these names in its graph.
fn saved_model(nodes: &[Message], functions: &[Message]) -> Vec<u8> {
    let library = Message::default().messages(1, functions);
    let graph = Message::default()
        .message(1, &node("x", "Placeholder", &[]))
        .messages(1, nodes)
        .message(2, &library);
    let signature = Message::default()
        .message(1, &Message::entry("x", &tensor("x:0")))
        .message(2, &Message::entry("y", &tensor("y:0")));
    let meta_graph = Message::default()
        .message(1, &Message::default().text(4, "serve"))
        .message(2, &graph)
        .message(5, &Message::entry("serving_default", &signature))
        .bytes(7, &[]);
    Message::default().integer(1, 1).message(2, &meta_graph).0
}

/// Reads a SavedModel with the given graph and the checkpoint of a fixture.
fn refusal(directory: &Path, graph: &[u8]) -> Option<String> {
    std::fs::write(directory.join("saved_model.pb"), graph).unwrap();
    let start = Instant::now();
    let options = ReadOptions::default();
    let inspected = inspect(directory, &options);
    let result = read(directory, &options);
    let time = start.elapsed();
    assert!(time < TIME, "took {time:?}");
    if let Err(error) = inspected {
        assert!(!matches!(*error.kind, ErrorKind::Panic), "{error}");
    }
    result.err().map(|error| {
        assert!(!matches!(*error.kind, ErrorKind::Panic), "{error}");
        error.to_string()
    })
}

fn cases() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let names = |prefix: &str, count: usize| -> Vec<String> {
        (0..count)
            .map(|number| format!("{prefix}{number}"))
            .collect()
    };
    // Each function calls the next one twice.
    let doubling: Vec<Message> = (0..40)
        .map(|level| {
            let next = format!("f{}", level + 1);
            let nodes = [
                call("a", &next, &["x"]),
                call("b", &next, &["x"]),
                node("sum", "AddV2", &["a:y:0", "b:y:0"]),
            ];
            function(&format!("f{level}"), &nodes, "sum:z:0")
        })
        .chain([function(
            "f40",
            &[node("r", "Relu", &["x"])],
            "r:activations:0",
        )])
        .collect();
    // Identities in a row, each of which is also used by itself.
    let chain_names = names("i", 20_000);
    let mut chain = vec![node("i0", "Identity", &["x"])];
    chain.extend(
        chain_names
            .windows(2)
            .map(|pair| node(&pair[1], "Identity", &[&pair[0]])),
    );
    let all: Vec<&str> = chain_names.iter().map(String::as_str).collect();
    chain.push(node("y", "AddN", &all));
    // A node with many inputs in a function that is called often.
    let wide = node("n", "AddN", &["x"; 2000]);
    let call_names = names("c", 2000);
    let mut calls: Vec<Message> = call_names
        .iter()
        .map(|name| call(name, "f", &["x"]))
        .collect();
    let all_calls: Vec<&str> = call_names.iter().map(String::as_str).collect();
    calls.push(node("y", "AddN", &all_calls));
    // Constants that together take far more than their file.
    let constant_names = names("k", 1000);
    let mut constants: Vec<Message> = constant_names
        .iter()
        .map(|name| constant(name, &[1024, 1024]))
        .collect();
    let mut inputs: Vec<&str> = constant_names.iter().map(String::as_str).collect();
    inputs.push("x");
    constants.push(node("y", "AddN", &inputs));
    // A loop of references, and one of nodes.
    let turning = [
        node("a", "Identity", &["b"]),
        node("b", "Identity", &["a"]),
        node("y", "Relu", &["a"]),
    ];
    let circle = [
        node("a", "Relu", &["b"]),
        node("b", "Relu", &["a"]),
        node("y", "Relu", &["a"]),
    ];
    // Branches that each decide what the next one gets.
    let row_names = names("b", 200);
    let mut row = vec![node("k", "Rank", &["x"]), branch("b0", "f", &["k", "x"])];
    row.extend(
        row_names
            .windows(2)
            .map(|pair| branch(&pair[1], "f", &["k", &pair[0]])),
    );
    row.push(branch("y", "f", &["k", "b199"]));
    let identity = [function("f", &[], "x")];
    let one = |node: Message| saved_model(&[node], &[]);
    let calling = |functions: &[Message]| saved_model(&[call("y", "f", &["x"])], functions);
    let beside = |value: Message| saved_model(&[value, node("y", "AddV2", &["x", "k"])], &[]);
    let long_name = "n".repeat(600) + "/PartitionedCall";
    vec![
        (
            "itself",
            calling(&[function("f", &[call("c", "f", &["x"])], "c:y:0")]),
            "more than the 64 levels",
        ),
        (
            "each other",
            calling(&[
                function("f", &[call("c", "g", &["x"])], "c:y:0"),
                function("g", &[call("c", "f", &["x"])], "c:y:0"),
            ]),
            "more than the 64 levels",
        ),
        (
            "branch of itself",
            saved_model(
                &[branch("y", "f", &["x", "x"])],
                &[function(
                    "f",
                    &[branch("c", "f", &["x", "x"])],
                    "c:output:0",
                )],
            ),
            "more than the 64 levels",
        ),
        (
            "branch without a condition",
            saved_model(
                &[branch("y", "f", &[])],
                &[function("f", &[node("r", "Relu", &["x"])], "x")],
            ),
            "\"y\" has no condition",
        ),
        (
            "branches in a row",
            saved_model(&row, &identity),
            "too many branches",
        ),
        (
            "its own argument",
            saved_model(
                &[call("y", "f", &["y"])],
                &[function(
                    "f",
                    &[node("r", "Relu", &["x"])],
                    "r:activations:0",
                )],
            ),
            "needs its own output",
        ),
        (
            "doubling",
            saved_model(&[call("y", "f0", &["x"])], &doubling),
            "too many function calls",
        ),
        ("chain", saved_model(&chain, &[]), "entangled"),
        (
            "wide",
            saved_model(&calls, &[function("f", &[wide], "n:sum:0")]),
            "too many connections",
        ),
        (
            "circle of references",
            saved_model(&turning, &[]),
            "entangled",
        ),
        ("circle", saved_model(&circle, &[]), "needs its own output"),
        (
            "constants",
            saved_model(&constants, &[]),
            "constants that are too large",
        ),
        (
            "huge constant",
            beside(constant("k", &[1 << 40])),
            "too many elements",
        ),
        (
            "overflow",
            beside(constant("k", &[1 << 62, 1 << 62])),
            "too many elements",
        ),
        ("open constant", beside(constant("k", &[u64::MAX])), "open"),
        (
            "two nodes",
            saved_model(&[node("y", "Relu", &["x"]), node("y", "Abs", &["x"])], &[]),
            "the name \"y\"",
        ),
        (
            "two functions",
            calling(&[function("f", &[], "x"), function("f", &[], "x")]),
            "two functions have the name \"f\"",
        ),
        ("no function", calling(&[]), "function \"f\" is missing"),
        (
            "no node",
            one(node("y", "Relu", &["z"])),
            "\"z\" refers to a node that is missing",
        ),
        (
            "no output",
            one(node("z", "Relu", &["x"])),
            "\"y:0\" refers to a node that is missing",
        ),
        (
            "no argument",
            saved_model(&[call("y", "f", &[])], &[function("f", &[], "x")]),
            "no argument for \"x\"",
        ),
        (
            "no result",
            saved_model(
                &[call("c", "f", &["x"]), node("y", "Relu", &["c:1"])],
                &[function("f", &[], "x")],
            ),
            "not returned",
        ),
        (
            "no value",
            one(node("y", "Identity", &[])),
            "too few inputs",
        ),
        ("no name", one(Message::default()), "no name or no operator"),
        (
            "no port",
            one(node("y", "Relu", &["x:-1"])),
            "no number of an output",
        ),
        (
            "unrestored",
            saved_model(
                &[
                    node("v", "VarHandleOp", &[]),
                    node("y", "AddV2", &["x", "v"]),
                ],
                &[],
            ),
            "nothing restores the variable \"v\"",
        ),
        (
            "long name",
            saved_model(
                &[
                    call(&long_name, "f", &["x"]),
                    node("y", "Relu", &[&long_name]),
                ],
                &[function(
                    "f",
                    &[node("r", "Relu", &["x"])],
                    "r:activations:0",
                )],
            ),
            "name that is too long",
        ),
        (
            "other",
            one(node("y", "Abracadabra", &["x"])),
            "Abracadabra",
        ),
        ("text", b"node { name: \"x\" }".to_vec(), "saved_model.pb"),
        ("empty", Vec::new(), "no graph tagged"),
    ]
}

#[test]
fn made_up_graphs_are_refused() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/keras");
    let folder = tempfile::tempdir().unwrap();
    let variables = folder.path().join("variables");
    std::fs::create_dir(&variables).unwrap();
    for file in ["variables.index", "variables.data-00000-of-00001"] {
        let source = fixtures
            .join("saved_models/tensorflow/module/variables")
            .join(file);
        std::fs::copy(source, variables.join(file)).unwrap();
    }
    for (name, graph, expected) in cases() {
        let message = refusal(folder.path(), &graph);
        let message = message.unwrap_or_else(|| panic!("{name} is a model"));
        assert!(message.contains(expected), "{name}: {message}");
        assert!(
            !message.contains('\n') && !message.ends_with('.'),
            "{name}: {message}"
        );
    }
    // What these cases have in common is not what makes them unusable.
    let model = saved_model(&[node("y", "Relu", &["x"])], &[]);
    assert_eq!(refusal(folder.path(), &model), None);
    let function = function("f", &[node("r", "Relu", &["x"])], "r:activations:0");
    let model = saved_model(&[call("y", "f", &["x"])], &[function]);
    assert_eq!(refusal(folder.path(), &model), None);
}
