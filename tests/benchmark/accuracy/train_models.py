"""Trains small classifiers whose quantization is harder than the demo's.

They have swish and hard swish, squeeze-and-excitation and concatenation.

    python -m pip install tensorflow-cpu==2.15.1 keras==2.15.0 numpy==1.26.4 pillow==13.0.0
    python tests/benchmark/accuracy/train_models.py target/benchmark/accuracy

writes for each network a folder with `model.h5` and a configuration.json that names the demo's pictures, for
`compare.py`. The pictures to learn from are drawn as in examples/flowers. A few minutes a network on two cores;
the same seed, versions and machine give the same models.
"""

import argparse
import json
import os
import sys
from pathlib import Path

FLOWERS = Path(__file__).resolve().parents[3] / "examples" / "flowers"
sys.path.insert(0, str(FLOWERS))

import tensorflow as tf  # noqa: E402
from tensorflow.keras import layers  # noqa: E402

from train_model import CLASSES, INPUT_SIZE, evaluate, train  # noqa: E402


def normalized(x, name):
    return layers.BatchNormalization(momentum=0.95, name=f"{name}_bn")(x)


def hard_sigmoid(x, name):
    """ReLU6 for sigmoid (Howard et al. 2019, section 5.2). Keras' function of this name has another slope."""
    return layers.ReLU(6.0, name=name)(x + 3.0) * (1 / 6)


def hard_swish(x, name):
    return layers.Multiply(name=name)([x, hard_sigmoid(x, f"{name}_gate")])


def activated(x, activation, name):
    """By the name that Keras has for a function, or by a function of this file."""
    return activation(x, name) if callable(activation) else layers.Activation(activation, name=name)(x)


def squeeze_excite(x, reduced, activation, gate, name):
    """Channels weighted by what all pixels show (Hu et al. 2018, section 3)."""
    channels = x.shape[-1]
    weights = layers.GlobalAveragePooling2D(keepdims=True, name=f"{name}_squeeze")(x)
    weights = layers.Conv2D(reduced, 1, activation=activation, name=f"{name}_reduce")(weights)
    weights = activated(layers.Conv2D(channels, 1, name=f"{name}_excite")(weights), gate, f"{name}_gate")
    return layers.Multiply(name=f"{name}_scale")([x, weights])


def bottleneck(x, channels, stride, expansion, kernel, functions, name):
    """An inverted residual with squeeze-and-excitation: MBConv of EfficientNet (Tan and Le 2019, section 4)."""
    activation, reduced_activation, gate = functions
    entrance = x
    x = layers.Conv2D(expansion * x.shape[-1], 1, use_bias=False, name=f"{name}_expand")(x)
    x = activated(normalized(x, f"{name}_expand"), activation, f"{name}_expand_act")
    x = layers.DepthwiseConv2D(kernel, stride, "same", use_bias=False, name=f"{name}_depthwise")(x)
    x = activated(normalized(x, f"{name}_depthwise"), activation, f"{name}_depthwise_act")
    x = squeeze_excite(x, max(4, entrance.shape[-1] // 4), reduced_activation, gate, f"{name}_se")
    x = layers.Conv2D(channels, 1, use_bias=False, name=f"{name}_project")(x)
    x = normalized(x, f"{name}_project")
    if stride == 1 and entrance.shape[-1] == channels:
        x = layers.Add(name=f"{name}_add")([entrance, x])
    return x


def classifier(entrance, x, name):
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    x = layers.Dropout(0.2, name="dropout")(x)
    x = layers.Dense(len(CLASSES), name="logits")(x)
    return tf.keras.Model(entrance, layers.Softmax(name="probabilities")(x), name=name)


def inverted_residuals(functions, name, width=1):
    """`functions` are those of the layers, inside squeeze-and-excitation and of its weights."""
    entrance = layers.Input((INPUT_SIZE, INPUT_SIZE, 3), name="picture")
    x = layers.Conv2D(12 * width, 3, 2, "same", use_bias=False, name="stem")(entrance)
    x = activated(normalized(x, "stem"), functions[0], "stem_act")
    for number, (channels, stride, expansion, kernel) in enumerate(
        [(16, 2, 3, 3), (16, 1, 4, 3), (28, 2, 4, 5), (28, 1, 4, 5), (48, 2, 4, 3), (48, 1, 4, 5)], start=1
    ):
        x = bottleneck(x, channels * width, stride, expansion, kernel, functions, f"block_{number}")
    x = layers.Conv2D(144 * width, 1, use_bias=False, name="last")(x)
    x = activated(normalized(x, "last"), functions[0], "last_act")
    return classifier(entrance, x, name)


def efficient():
    """Swish and sigmoid gates, as in EfficientNet."""
    return inverted_residuals(("swish", "swish", "sigmoid"), "efficient")


def hard():
    """Hard swish and hard sigmoid, as in MobileNetV3."""
    return inverted_residuals((hard_swish, "relu", hard_sigmoid), "hard")


def hard_wide():
    """The same with twice as many channels."""
    return inverted_residuals((hard_swish, "relu", hard_sigmoid), "hard_wide", width=2)


def dense():
    """Concatenation of all earlier layers and normalization in front of the convolutions, as in DenseNet."""
    entrance = layers.Input((INPUT_SIZE, INPUT_SIZE, 3), name="picture")
    x = layers.Conv2D(16, 3, 2, "same", use_bias=False, name="stem")(entrance)
    x = layers.ReLU(name="stem_relu")(normalized(x, "stem"))
    x = layers.MaxPooling2D(3, 2, "same", name="stem_pool")(x)
    for block, depth in enumerate([3, 4, 4], start=1):
        for number in range(1, depth + 1):
            name = f"block_{block}_{number}"
            grown = layers.ReLU(name=f"{name}_relu")(normalized(x, name))
            grown = layers.Conv2D(32, 1, use_bias=False, name=f"{name}_narrow")(grown)
            grown = layers.ReLU(name=f"{name}_narrow_relu")(normalized(grown, f"{name}_narrow"))
            grown = layers.Conv2D(12, 3, padding="same", use_bias=False, name=f"{name}_conv")(grown)
            x = layers.Concatenate(name=f"{name}_concat")([x, grown])
        if block < 3:
            x = layers.ReLU(name=f"transition_{block}_relu")(normalized(x, f"transition_{block}"))
            x = layers.Conv2D(x.shape[-1] // 2, 1, use_bias=False, name=f"transition_{block}_conv")(x)
            x = layers.AveragePooling2D(2, name=f"transition_{block}_pool")(x)
    x = layers.ReLU(name="last_relu")(normalized(x, "last"))
    return classifier(entrance, x, "dense")


NETWORKS = {"efficient": efficient, "dense": dense, "hard": hard, "hard_wide": hard_wide}


def configuration(folder):
    """The demo's configuration with this folder's model; paths are relative to the folder."""
    settings = json.loads((FLOWERS / "configuration.json").read_text())
    for key, value in settings.items():
        if key.endswith(("_dir", "_file")) and not key.startswith(("output", "evaluate_result")):
            settings[key] = os.path.relpath(FLOWERS / value, folder.resolve())
    settings["source_keras_model"] = "model.h5"
    settings.pop("$schema", None)
    return settings


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("output", type=Path, help="folder for the networks' folders")
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=list(NETWORKS))
    parser.add_argument("--per-class", type=int, default=600, help="pictures to draw for each class")
    parser.add_argument("--epochs", type=int, default=16)
    arguments = parser.parse_args()
    for name in arguments.networks:
        folder = arguments.output / name
        folder.mkdir(parents=True, exist_ok=True)
        model = train(NETWORKS[name], arguments.per_class, arguments.epochs)
        model.save(folder / "model.h5", include_optimizer=False)
        (folder / "configuration.json").write_text(json.dumps(configuration(folder), indent=2) + "\n")
        print(name)
        evaluate(model)


if __name__ == "__main__":
    main()
