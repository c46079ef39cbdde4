"""Layers that the networks of `keras.applications` leave out, or use in one way only."""

from framework import KERAS3, keras
from framework import LAYERS as L
from recipe import recipe

CLASSES = 5
# Odd and not square: padding and orders of axes show.
SHAPE = (23, 30, 3)


def classifier(image, x):
    if len(x.shape) == 4:
        x = L.GlobalAveragePooling2D()(x)
    elif len(x.shape) == 3:
        x = L.GlobalAveragePooling1D()(x)
    return keras.Model(image, L.Dense(CLASSES, activation="softmax")(x))


def convolution_block(x, filters, kernel=3, **arguments):
    x = L.Conv2D(filters, kernel, padding="same", use_bias=False, **arguments)(x)
    return L.ReLU()(L.BatchNormalization()(x))


@recipe(SHAPE)
def grouped_convolutions():
    """The blocks of ResNeXt."""
    image = L.Input(SHAPE)
    x = convolution_block(image, 16, 5, strides=2)
    for groups in (4, 8, 16):
        y = convolution_block(x, 16, 1)
        y = convolution_block(y, 16, 3, groups=groups)
        x = L.ReLU()(L.Add()([x, L.BatchNormalization()(L.Conv2D(16, 1)(y))]))
    x = L.Conv2D(32, 2, strides=2, groups=4, padding="valid")(x)
    return classifier(image, x)


@recipe(SHAPE)
def depth_multipliers():
    image = L.Input(SHAPE)
    x = L.DepthwiseConv2D(3, depth_multiplier=4, padding="same", activation="relu")(image)
    x = L.DepthwiseConv2D((2, 5), depth_multiplier=2, padding="same", use_bias=False)(x)
    x = L.BatchNormalization()(x)
    x = L.SeparableConv2D(16, 3, strides=2, depth_multiplier=3, padding="same")(x)
    x = L.DepthwiseConv2D(5, strides=2, activation="relu6")(x)
    return classifier(image, x)


@recipe(SHAPE)
def dilations():
    """Atrous pyramids, with padding and without."""
    image = L.Input(SHAPE)
    x = convolution_block(image, 8)
    branches = [convolution_block(x, 8, dilation_rate=rate) for rate in (1, 2, 3, (4, 2))]
    branches.append(L.DepthwiseConv2D(3, dilation_rate=2, padding="same")(x))
    branches.append(L.SeparableConv2D(8, 3, dilation_rate=2, padding="same")(x))
    x = L.Concatenate()(branches)
    x = L.Conv2D(8, 3, dilation_rate=(2, 3))(x)
    return classifier(image, x)


@recipe(SHAPE)
def transposed_convolutions():
    image = L.Input(SHAPE)
    x = convolution_block(image, 8, strides=2)
    a = L.Conv2DTranspose(6, 3, strides=2, padding="same")(x)
    a = L.BatchNormalization()(a)
    b = L.Conv2DTranspose(4, (2, 4), strides=2, activation="relu", use_bias=False)(x)
    b = L.Cropping2D(((0, 0), (1, 1)))(b)
    return classifier(image, L.Concatenate()([a, b]))


@recipe(SHAPE)
def poolings():
    image = L.Input(SHAPE)
    x = convolution_block(image, 8)
    parts = []
    for pooling in (L.MaxPooling2D, L.AveragePooling2D):
        parts.append(pooling((3, 3), strides=2, padding="same")(x))
        parts.append(pooling((2, 5), strides=2, padding="same")(x))
    x = L.Concatenate()(parts)
    x = L.AveragePooling2D(2)(x)
    x = L.MaxPooling2D((3, 2), strides=1)(x)
    parts = [L.GlobalMaxPooling2D()(x), L.GlobalAveragePooling2D()(x)]
    return classifier(image, L.Concatenate()(parts))


@recipe(SHAPE)
def activations():
    names = "relu elu selu sigmoid tanh softsign swish hard_sigmoid gelu exponential softplus"
    names = names.split() + (["relu6", "leaky_relu", "hard_silu", "mish"] if KERAS3 else [])
    image = L.Input(SHAPE)
    parts = [L.Conv2D(2, 3, activation=name)(image) for name in names]
    parts += [L.Activation(name)(L.Conv2D(2, 3)(image)) for name in names]
    return classifier(image, L.Conv2D(8, 3)(L.Concatenate()(parts)))


@recipe(SHAPE)
def activation_layers():
    layers = [
        L.ReLU(max_value=6.0),
        L.ReLU(max_value=3.0, negative_slope=0.125),
        L.LeakyReLU(0.2),
        L.ELU(0.5),
        L.PReLU(),
        L.PReLU(shared_axes=[1, 2]),
        L.Softmax(),
        L.Softmax(axis=1),
    ]
    image = L.Input(SHAPE)
    x = L.Conv2D(4, 3)(image)
    x = L.Concatenate()([layer(x) for layer in layers])
    return classifier(image, L.Conv2D(8, 3)(x))


@recipe(SHAPE)
def thresholded_relu():
    image = L.Input(SHAPE)
    return classifier(image, L.ReLU(threshold=0.5)(L.Conv2D(4, 3)(image)))


@recipe(SHAPE)
def merging():
    image = L.Input(SHAPE)
    a, b, c = (L.Conv2D(4, 3, padding="same")(image) for _ in range(3))
    gate = L.GlobalAveragePooling2D(keepdims=True)(a)
    parts = [
        L.Add()([a, b, c]),
        L.Subtract()([a, b]),
        L.Multiply()([a, b]),
        L.Average()([a, b, c]),
        L.Maximum()([a, b]),
        L.Minimum()([b, c]),
        L.Multiply()([a, gate]),
    ]
    x = L.Conv2D(8, 3)(L.Concatenate()(parts))
    rows = L.Concatenate(axis=1)([x, x])
    return classifier(image, L.Concatenate(axis=2)([rows, rows]))


@recipe(SHAPE)
def normalizations():
    image = L.Input(SHAPE)
    x = L.Conv2D(8, 3)(image)
    x = L.LayerNormalization(epsilon=1e-6)(x)
    x = L.Conv2D(8, 3, activation="relu")(x)
    x = L.GroupNormalization(groups=4)(x)
    x = L.Conv2D(8, 3, activation="relu")(x)
    x = L.BatchNormalization(scale=False)(x)
    x = L.UnitNormalization()(x)
    x = L.Conv2D(8, 3, activation="relu")(x)
    x = L.LayerNormalization(axis=[1, 2, 3])(x)
    return classifier(image, x)


@recipe((7, 9, 3))
def flattened_rectangle():
    image = L.Input((7, 9, 3))
    x = L.Conv2D(4, 3, padding="same", activation="relu")(image)
    x = L.Permute((2, 1, 3))(x)
    x = L.Reshape((-1, 14))(x)
    x = L.Dense(6, activation="tanh")(x)
    return classifier(image, L.Flatten()(x))


@recipe(SHAPE)
def cropping_layers():
    image = L.Input(SHAPE)
    x = L.CenterCrop(20, 24)(image)
    x = convolution_block(x, 6)
    x = L.Cropping2D(((1, 2), (0, 3)))(x)
    x = L.ZeroPadding2D((1, 2))(x)
    return classifier(image, L.Conv2D(8, 3, strides=2)(x))


@recipe(SHAPE)
def resizing_layers():
    """Up and down by factors that are no integers."""
    image = L.Input(SHAPE)
    x = L.Resizing(17, 41)(image)
    x = convolution_block(x, 6)
    return classifier(image, L.Conv2D(8, 3)(L.Resizing(29, 19)(x)))


@recipe(SHAPE)
def resizing_to_nearest():
    image = L.Input(SHAPE)
    x = convolution_block(image, 6)
    x = L.Resizing(34, 41, interpolation="nearest")(x)
    return classifier(image, L.Conv2D(8, 3)(x))


@recipe(SHAPE)
def upsampling_layers():
    image = L.Input(SHAPE)
    x = convolution_block(image, 6, strides=2)
    x = L.Conv2D(6, 3, padding="same")(L.UpSampling2D((2, 3))(x))
    return classifier(image, L.Conv2D(8, 3, strides=2)(L.UpSampling2D()(x)))


@recipe(SHAPE)
def upsampling_bilinear():
    image = L.Input(SHAPE)
    x = convolution_block(image, 6, strides=2)
    x = L.UpSampling2D((2, 3), interpolation="bilinear")(x)
    return classifier(image, L.Conv2D(8, 3, strides=2)(x))


@recipe(SHAPE)
def one_dimensional():
    """Rows of a picture as a sequence."""
    image = L.Input(SHAPE)
    x = L.Reshape((23, 90))(image)
    x = L.Conv1D(16, 3, padding="same", activation="relu")(x)
    x = L.BatchNormalization()(x)
    x = L.MaxPooling1D(2)(x)
    x = L.ZeroPadding1D(1)(x)
    x = L.Conv1D(16, 3, strides=2)(x)
    parts = [L.GlobalAveragePooling1D()(x), L.GlobalMaxPooling1D()(x)]
    return classifier(image, L.Concatenate()(parts))


@recipe(SHAPE)
def products():
    """Products of tensors: EinsumDense, Dot, and a gate repeated over positions."""
    image = L.Input(SHAPE)
    x = convolution_block(image, 8, strides=2)
    x = L.Reshape((12 * 15, 8))(x)
    x = L.EinsumDense("abc,cd->abd", output_shape=(None, 6), bias_axes="d")(x)
    y = L.Dense(6, activation="tanh")(x)
    gram = L.Dot(axes=1)([x, y])
    return classifier(image, L.Flatten()(gram))


@recipe((32, 32, 3))
def shared_and_nested():
    """A nested model with two calls, and a shared convolution on what follows its first call."""
    start = L.Input((16, 16, 8))
    inner = keras.Model(start, convolution_block(start, 8), name="inner")
    image = L.Input((32, 32, 3))
    x = convolution_block(image, 8, strides=2)
    shared = L.Conv2D(8, 3, padding="same", activation="relu", name="shared")
    a = inner(shared(x))
    b = inner(shared(a))
    return classifier(image, L.Subtract()([b, a]))
