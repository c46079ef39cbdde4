"""Weights that no mistake can hide behind: seeded, and fitted to the data as training would.

A fresh model has gains of one, biases of zero and moving averages that have seen nothing, so that
wrong weights, or weights in a wrong order, often compute the same. Here every weight is drawn at
random; then batch normalization layers take the statistics of what really reaches them, and the
last layer is scaled so that the logits are spread as those of a trained classifier.
"""

import contextlib

import numpy as np
from framework import KERAS3, LAYERS, keras, leaves, tf, variable_name

# Standard deviation of the logits.
SPREAD = 2.0

SOFTMAX, SIGMOID = keras.activations.softmax, keras.activations.sigmoid


def images(shape, count, pixels, rng):
    """Smooth colours with noise on them, each picture with a tint and a contrast of its own."""
    height, width, channels = shape
    coarse = rng.uniform(0.0, 1.0, (count, 4, 4, channels)).astype("float32")
    smooth = tf.image.resize(coarse, (height, width), method="bilinear").numpy()
    noise = rng.uniform(0.0, 1.0, (count, *shape))
    contrast = rng.uniform(0.2, 0.8, (count, 1, 1, channels))
    tint = rng.uniform(0.0, 1.0, (count, 1, 1, channels)) * (1.0 - contrast)
    unit = tint + contrast * (0.6 * smooth + 0.4 * noise)
    return (unit * 255.0 if pixels else unit * 2.0 - 1.0).astype("float32")


def drawn(name, shape, rng):
    """Random values for a weight, by the kind of weight that its name tells."""
    if "variance" in name:
        return rng.uniform(0.5, 2.0, shape)
    if "gamma" in name or "scale" in name:
        return rng.uniform(0.4, 1.0, shape)
    if "beta" in name:
        # Most of what leaves a normalization is above zero. Around zero, random rectifiers amplify
        # every rounding error, layer after layer, to differences that no trained network shows.
        return rng.normal(0.6, 0.3, shape)
    if "depthwise" in name:
        return rng.normal(0.0, np.sqrt(2.0 / np.prod(shape[:2])), shape)
    if "kernel" in name:
        fan_in = np.prod(shape[:-1])
        # The projections of attention: [dimension, heads, size] inwards.
        if len(shape) == 3 and any(part in name for part in ("query", "key", "value")):
            fan_in = shape[0]
        return rng.normal(0.0, np.sqrt(2.0 / max(fan_in, 1)), shape)
    return rng.normal(0.0, 0.2, shape)


def randomize(model, rng):
    for layer in leaves(model):
        if isinstance(layer, LAYERS.Normalization):
            randomize_normalization(layer, rng)
            continue
        for weight in layer.weights:
            if "int" not in str(weight.dtype):
                name = variable_name(weight).removesuffix(":0")
                weight.assign(drawn(name, tuple(weight.shape), rng).astype("float32"))


def randomize_normalization(layer, rng):
    """Adapted statistics, where the layer was not given some."""
    if not layer.weights:
        return
    for weight in layer.weights:
        if "mean" in variable_name(weight):
            weight.assign(rng.normal(0.3, 0.2, weight.shape).astype("float32"))
        elif "variance" in variable_name(weight):
            weight.assign(rng.uniform(0.5, 2.0, weight.shape).astype("float32"))
    layer.finalize_state()


@contextlib.contextmanager
def batch_statistics_are_kept():
    """Inside, a batch normalization layer sets its moving statistics to those of its input.

    This is a step of training with momentum zero, but reaches frozen layers too and leaves
    dropout and augmentation alone.
    """
    original = LAYERS.BatchNormalization.call

    def call(layer, inputs, *arguments, **keywords):
        axis = layer.axis if isinstance(layer.axis, int) else list(layer.axis)[0]
        values = np.moveaxis(np.asarray(inputs, dtype="float64"), axis, -1)
        values = values.reshape(-1, values.shape[-1])
        variance = values.var(axis=0)
        # A channel that happens to be dead on these images would amplify every rounding error.
        variance += 0.05 * variance.mean() + 1e-6
        layer.moving_mean.assign(values.mean(axis=0).astype("float32"))
        layer.moving_variance.assign(variance.astype("float32"))
        return original(layer, inputs, *arguments, **keywords)

    LAYERS.BatchNormalization.call = call
    try:
        yield
    finally:
        LAYERS.BatchNormalization.call = original


@contextlib.contextmanager
def without(model, *activations):
    """Inside, the last layer leaves its activation out, if it is one of these."""
    *_, last = leaves(model)
    activation = getattr(last, "activation", None)
    if activation in activations:
        last.activation = keras.activations.linear
        try:
            yield
        finally:
            last.activation = activation
    elif isinstance(last, LAYERS.Softmax) and SOFTMAX in activations:
        last.call, original = (lambda inputs, *_, **__: inputs), last.call
        try:
            yield
        finally:
            last.call = original
    else:
        yield


def run(model, batch):
    """Runs layer by layer, so that no compiler rearranges the arithmetic."""
    return np.asarray(model(tf.constant(batch), training=False), dtype="float32")


def logits(model, batch):
    """What enters the softmax at the end, or the output where there is none."""
    with without(model, SOFTMAX):
        return run(model, batch)


def fit(model, batch):
    """Fits the statistics and the last kernel to the images."""
    with batch_statistics_are_kept():
        run(model, batch)
    kernels = [
        weight
        for layer in leaves(model)
        for weight in layer.weights
        if "kernel" in variable_name(weight)
    ]
    if kernels:
        with without(model, SOFTMAX, SIGMOID):
            spread = float(run(model, batch).std())
        kernels[-1].assign(np.asarray(kernels[-1]) * np.float32(SPREAD / max(spread, 1e-3)))
    *_, last = leaves(model)
    if getattr(last, "activation", None) == SIGMOID:
        # Away from zero a sigmoid is flat, and would hide whatever comes before it.
        with without(model, SIGMOID):
            mean = run(model, batch).mean(axis=0)
        last.bias.assign(np.asarray(last.bias) - mean)
