"""Functions on tensors: Keras 2 saves them as TFOpLambda layers, Keras 3 as operation layers."""

from framework import KERAS3, keras, tf
from framework import LAYERS as L
from recipe import recipe

CLASSES = 5
SHAPE = (24, 20, 3)


def stem(filters=8):
    image = L.Input(SHAPE)
    return image, L.Conv2D(filters, 3, padding="same")(image)


def classifier(image, x):
    if len(x.shape) == 4:
        x = L.GlobalAveragePooling2D()(x)
    return keras.Model(image, L.Dense(CLASSES, activation="softmax")(x))


@recipe(SHAPE)
def operators():
    """Python's own operators, with constants on either side."""
    image, x = stem()
    y = L.Conv2D(8, 1)(x)
    x = (x + y) * 0.5 - y * x
    x = 1.0 - x / 3.0
    x = -x + 2.0
    y = 4.0 / (2.0 + y * y)
    return classifier(image, x * y)


@recipe(SHAPE)
def slices():
    """Indices, ranges, steps, and channels turned round."""
    image, x = stem()
    x = x[:, 1:-1, ::2, :]
    x = x[..., ::-1]
    x = L.Concatenate()([x[..., :3], x[..., 5:]])
    x = L.Conv2D(6, 3)(x)
    row = L.GlobalAveragePooling1D()(x[:, 2])
    return classifier(image, row)


@recipe(SHAPE, only=2)
def tensorflow_activations():
    image, x = stem()
    parts = [
        tf.nn.relu(x),
        tf.nn.relu6(x),
        tf.nn.silu(x),
        tf.nn.gelu(x),
        tf.nn.gelu(x, approximate=True),
        tf.nn.leaky_relu(x, alpha=0.1),
        tf.nn.elu(x),
        tf.nn.sigmoid(x),
        tf.nn.tanh(x),
        tf.nn.softmax(x),
        keras.activations.relu(x, max_value=6.0),
        keras.activations.swish(x),
        keras.activations.gelu(x),
    ]
    return classifier(image, L.Conv2D(8, 3)(tf.concat(parts, axis=-1)))


@recipe(SHAPE, only=3)
def keras_activations():
    image, x = stem()
    ops = keras.ops
    parts = [
        ops.relu(x),
        ops.relu6(x),
        ops.silu(x),
        ops.gelu(x),
        ops.gelu(x, approximate=False),
        ops.leaky_relu(x, negative_slope=0.1),
        ops.elu(x),
        ops.sigmoid(x),
        ops.tanh(x),
        ops.hard_sigmoid(x),
        ops.hard_silu(x),
        ops.softmax(x, axis=-1),
        keras.activations.relu(x, max_value=6.0),
        keras.activations.gelu(x),
    ]
    return classifier(image, L.Conv2D(8, 3)(ops.concatenate(parts, axis=-1)))


@recipe(SHAPE)
def arithmetic():
    """Functions of one and two tensors, under their names."""
    image, x = stem()
    y = L.Conv2D(8, 1)(image)
    if KERAS3:
        ops = keras.ops
        positive = ops.add(ops.square(x), 0.1)
        parts = [
            ops.add(x, y),
            ops.subtract(x, y),
            ops.multiply(x, y),
            ops.divide(x, positive),
            ops.maximum(x, y),
            ops.minimum(x, 0.5),
            ops.clip(x, -1.0, 1.0),
            ops.abs(x),
            ops.negative(x),
            ops.sqrt(positive),
            ops.rsqrt(positive),
            ops.exp(ops.clip(y, -2.0, 2.0)),
        ]
        return classifier(image, L.Conv2D(8, 3)(ops.concatenate(parts, axis=-1)))
    positive = tf.math.square(x) + 0.1
    parts = [
        tf.add(x, y),
        tf.subtract(x, y),
        tf.math.multiply(x, y),
        tf.math.divide(x, positive),
        tf.maximum(x, y),
        tf.math.minimum(x, 0.5),
        tf.clip_by_value(x, -1.0, 1.0),
        tf.abs(x),
        tf.math.negative(x),
        tf.sqrt(positive),
        tf.math.rsqrt(positive),
        tf.exp(tf.clip_by_value(y, -2.0, 2.0)),
    ]
    return classifier(image, L.Conv2D(8, 3)(tf.concat(parts, axis=-1)))


@recipe(SHAPE)
def reductions():
    """Pooling and attention over channels written as reductions."""
    image, x = stem()
    mean, largest, total = (
        (keras.ops.mean, keras.ops.max, keras.ops.sum)
        if KERAS3
        else (tf.reduce_mean, tf.reduce_max, tf.reduce_sum)
    )
    gate = mean(x, axis=[1, 2], keepdims=True)
    gate = L.Conv2D(8, 1, activation="sigmoid")(gate)
    x = x * gate
    spatial = L.Concatenate()([mean(x, axis=-1, keepdims=True), largest(x, axis=-1, keepdims=True)])
    x = x * L.Conv2D(1, 7, padding="same", activation="sigmoid")(spatial)
    pooled = L.Concatenate()([mean(x, axis=[1, 2]), largest(x, axis=(1, 2)), 0.01 * total(x, [1, 2])])
    return keras.Model(image, L.Dense(CLASSES, activation="softmax")(pooled))


@recipe(SHAPE)
def shapes():
    """Reshape, transpose, expand, squeeze, split, stack and pad, under their names."""
    image, x = stem()
    if KERAS3:
        ops = keras.ops
        a, b = ops.split(x, 2, axis=-1)
        x = ops.concatenate([b, a], axis=-1)
        x = ops.pad(x, [[0, 0], [1, 2], [0, 1], [0, 0]])
        x = ops.transpose(x, (0, 2, 1, 3))
        x = ops.reshape(x, (-1, 21 * 27, 8))
        x = ops.squeeze(ops.expand_dims(x, axis=1), axis=1)
        x = L.Dense(6)(x)
        x = ops.reshape(x, (-1, 21, 27, 6))
    else:
        a, b = tf.split(x, 2, axis=-1)
        x = tf.concat([b, a], axis=-1)
        x = tf.pad(x, [[0, 0], [1, 2], [0, 1], [0, 0]])
        x = tf.transpose(x, (0, 2, 1, 3))
        x = tf.reshape(x, (-1, 21 * 27, 8))
        x = tf.squeeze(tf.expand_dims(x, axis=1), axis=1)
        x = L.Dense(6)(x)
        x = tf.reshape(x, (-1, 21, 27, 6))
    return classifier(image, L.Conv2D(8, 3, strides=2)(x))


@recipe(SHAPE)
def channel_shuffle():
    """Grouped convolutions with channels shuffled between them, as in ShuffleNet."""
    image, x = stem(12)
    x = L.Conv2D(12, 1, groups=3, activation="relu")(x)
    reshape, transpose = (
        (keras.ops.reshape, keras.ops.transpose) if KERAS3 else (tf.reshape, tf.transpose)
    )
    x = reshape(x, (-1, 24, 20, 3, 4))
    x = transpose(x, (0, 1, 2, 4, 3))
    x = reshape(x, (-1, 24, 20, 12))
    x = L.Conv2D(12, 3, groups=3, padding="same", activation="relu")(x)
    return classifier(image, x)


@recipe(SHAPE)
def resized():
    image, x = stem()
    if KERAS3:
        x = keras.ops.image.resize(x, (16, 31), interpolation="bilinear")
    else:
        x = tf.image.resize(x, (16, 31))
    return classifier(image, L.Conv2D(8, 3)(x))


@recipe(SHAPE, only=2)
def space_and_depth():
    image, x = stem()
    x = tf.nn.space_to_depth(x, 2)
    x = L.Conv2D(16, 3, padding="same", activation="relu")(x)
    x = tf.nn.depth_to_space(x, 2)
    return classifier(image, L.Conv2D(8, 3)(x))


@recipe(SHAPE, formats=("saved_model",))
def lambda_layers():
    """Lambdas are code, which only a SavedModel holds as operators."""
    image, x = stem()
    x = L.Lambda(lambda values: values * 0.5 + 0.1)(x)
    x = L.Lambda(lambda values: tf.nn.relu(values))(x)
    return classifier(image, L.Conv2D(8, 3)(x))


@keras.utils.register_keras_serializable("conformance")
class Gate(L.Layer):
    """A squeeze and excitation block as a layer of one's own."""

    def build(self, shape):
        self.down = self.add_weight(name="down_kernel", shape=(shape[-1], 4))
        self.up = self.add_weight(name="up_kernel", shape=(4, shape[-1]))

    def call(self, values):
        pooled = tf.reduce_mean(values, axis=[1, 2])
        gate = tf.nn.sigmoid(tf.matmul(tf.nn.relu(tf.matmul(pooled, self.down)), self.up))
        return values * gate[:, tf.newaxis, tf.newaxis, :]


@recipe(SHAPE, formats=("saved_model",))
def custom_layer():
    image, x = stem()
    x = Gate()(x)
    return classifier(image, L.Conv2D(8, 3, activation="relu")(x))
