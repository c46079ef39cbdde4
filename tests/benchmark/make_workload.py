"""Makes the workload of `cargo xtask bench`: Keras MobileNetV2 1.0 at 224 pixels, 300 training and 100 validation JPEGs.

    python -m pip install tensorflow-cpu==2.15.1 keras==2.15.0 numpy==1.26.4 pillow==13.0.0
    python tests/benchmark/make_workload.py target/benchmark

The weights are random, but the batch normalizations hold the statistics of the pictures and the last layer knows
their classes, so that activations and accuracies look like those of a trained network. It is a measure of speed and
memory; how much accuracy quantization costs, trained networks tell (examples/flowers).
The same versions of the packages give the same workload.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import tensorflow as tf
from PIL import Image
from tensorflow.keras import layers

SEED = 20
INPUT_SIZE = 224
OUTPUTS = 1000
CLASSES = [f"class{index:04}" for index in range(OUTPUTS)]
DRAWN_CLASSES = 10
PER_CLASS = {"training": 30, "validation": 10}
BATCH = 50
CONFIGURATION = {
    "source_keras_model": "MobileNetV2.h5",
    "dataset_image_dir": "training",
    "batch_size": 50,
    "input_tensor_size": INPUT_SIZE,
    "iteration_count": 10,
    "output_dir": "output",
    "evaluate_image_dir": "validation",
    "evaluate_image_extension": "jpg",
    "evaluate_label_file": "labels.json",
    "evaluate_result_dir": "results",
}


def draw(rng, class_index):
    """A picture of sides from 256 to 500 pixels: waves whose direction and colour tell the class, a disc and noise."""
    height, width = rng.integers(256, 501, size=2)
    y, x = np.mgrid[0:height, 0:width]
    angle = np.pi * class_index / DRAWN_CLASSES + rng.normal(0, 0.1)
    along = x * np.cos(angle) + y * np.sin(angle)
    phases = 2 * np.pi * (np.arange(3) * class_index / DRAWN_CLASSES + rng.random())
    pixels = 128 + 70 * np.sin(along[..., None] / rng.uniform(5, 15) + phases)
    centre = rng.random(2) * (height, width)
    disc = np.hypot(y - centre[0], x - centre[1]) < rng.uniform(20, 120)
    pixels[disc] = rng.uniform(0, 255, size=3)
    return np.clip(pixels + rng.normal(0, 12, size=pixels.shape), 0, 255).astype(np.uint8)


def write_pictures(folder):
    for set_index, (name, count) in enumerate(PER_CLASS.items()):
        for class_index in range(DRAWN_CLASSES):
            target = folder / name / CLASSES[class_index]
            target.mkdir(parents=True, exist_ok=True)
            for index in range(count):
                rng = np.random.default_rng([SEED, set_index, class_index, index])
                Image.fromarray(draw(rng, class_index)).save(target / f"{index:03}.jpg", quality=90)


def read_training_pictures(folder):
    """The network's inputs [n, INPUT_SIZE, INPUT_SIZE, 3] from -1 to 1 in mixed order, and their classes [n]."""
    files = sorted((folder / "training").glob("*/*.jpg"))
    np.random.default_rng(SEED).shuffle(files)
    resized = [np.asarray(Image.open(file).resize((INPUT_SIZE, INPUT_SIZE), Image.BILINEAR)) for file in files]
    inputs = np.stack(resized).astype(np.float32) / 127.5 - 1
    return inputs, np.array([CLASSES.index(file.parent.name) for file in files])


def learn_statistics(model, inputs):
    """Gives each batch normalization a random affine part and the mean and variance of what reaches it."""
    rng = np.random.default_rng(SEED)
    normalizations = [layer for layer in model.layers if isinstance(layer, layers.BatchNormalization)]
    for layer in normalizations:
        channels = layer.gamma.shape[0]
        layer.gamma.assign(np.exp(rng.normal(0, 0.3, channels)))
        layer.beta.assign(rng.normal(0, 0.3, channels))
    momenta = [layer.momentum for layer in normalizations]
    for number, start in enumerate(range(0, len(inputs), BATCH)):
        for layer in normalizations:
            # Makes the moving average the plain average of all batches so far.
            layer.momentum = number / (number + 1)
        model(inputs[start : start + BATCH], training=True)
    for layer, momentum in zip(normalizations, momenta):
        layer.momentum = momentum


def learn_classes(model, inputs, classes):
    """Makes the drawn classes' outputs tell which class's mean features are nearest; the other outputs stay weak."""
    head = model.layers[-1]
    features = tf.keras.Model(model.input, head.input).predict(inputs, batch_size=BATCH, verbose=0)
    centre = features.mean(axis=0)
    kernel, bias = head.get_weights()
    for index in range(DRAWN_CLASSES):
        mean = features[classes == index].mean(axis=0)
        kernel[:, index] = mean - centre
        bias[index] = -(mean @ mean - centre @ centre) / 2
    kernel[:, DRAWN_CLASSES:] *= 0.1
    head.set_weights([kernel, bias])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="where the workload is written, for instance target/benchmark")
    folder = parser.parse_args().folder

    write_pictures(folder)
    inputs, classes = read_training_pictures(folder)
    tf.keras.utils.set_random_seed(SEED)
    model = tf.keras.applications.MobileNetV2(input_shape=(INPUT_SIZE, INPUT_SIZE, 3), weights=None, classes=OUTPUTS)
    learn_statistics(model, inputs)
    learn_classes(model, inputs, classes)
    model.save(folder / CONFIGURATION["source_keras_model"], include_optimizer=False)

    labels = {name: index for index, name in enumerate(CLASSES)}
    (folder / "labels.json").write_text(json.dumps(labels) + "\n")
    # Last, so that a workload with a configuration is complete.
    (folder / "configuration.json").write_text(json.dumps(CONFIGURATION, indent=4) + "\n")
    print(folder / "configuration.json")


if __name__ == "__main__":
    main()
