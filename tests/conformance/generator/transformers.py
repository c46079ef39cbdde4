"""Attention and mixers, as in the Keras code examples for image classification."""

from framework import KERAS3, keras, tf
from framework import LAYERS as L
from recipe import recipe

CLASSES = 5
SIDE, PATCH, WIDTH = 32, 8, 24
PATCHES = (SIDE // PATCH) ** 2
SHAPE = (SIDE, SIDE, 3)


def perceptron(x, widths, activation="gelu"):
    for width in widths:
        x = L.Dense(width, activation=activation)(x)
        x = L.Dropout(0.1)(x)
    return x


def encoder(x, heads=3, size=8, depth=2):
    for _ in range(depth):
        y = L.LayerNormalization(epsilon=1e-6)(x)
        y = L.MultiHeadAttention(num_heads=heads, key_dim=size, dropout=0.1)(y, y)
        x = L.Add()([y, x])
        y = L.LayerNormalization(epsilon=1e-6)(x)
        x = L.Add()([perceptron(y, [2 * WIDTH, WIDTH]), x])
    return L.LayerNormalization(epsilon=1e-6)(x)


@recipe(SHAPE)
def vision_transformer():
    """Patches are cut by a convolution; a depthwise one stands for the positions."""
    image = L.Input(SHAPE)
    x = L.Conv2D(WIDTH, PATCH, strides=PATCH)(image)
    x = L.Add()([x, L.DepthwiseConv2D(3, padding="same")(x)])
    x = L.Reshape((PATCHES, WIDTH))(x)
    x = encoder(x)
    x = L.Dropout(0.5)(L.Flatten()(x))
    x = perceptron(x, [32])
    return keras.Model(image, L.Dense(CLASSES)(x))


@recipe(SHAPE)
def pooled_transformer():
    """Attention with another size of values, and pooling in place of Flatten."""
    image = L.Input(SHAPE)
    x = L.Conv2D(WIDTH, PATCH, strides=PATCH)(image)
    x = L.Reshape((-1, WIDTH))(x)
    y = L.MultiHeadAttention(num_heads=2, key_dim=6, value_dim=5, use_bias=False)(x, x)
    x = L.LayerNormalization()(L.Add()([x, y]))
    x = L.GlobalAveragePooling1D()(x)
    return keras.Model(image, L.Dense(CLASSES, activation="softmax")(x))


@keras.utils.register_keras_serializable("conformance")
class Patches(L.Layer):
    """Cuts a picture into patches, as the example does."""

    def call(self, images):
        steps = [1, PATCH, PATCH, 1]
        patches = tf.image.extract_patches(images, steps, steps, [1, 1, 1, 1], "VALID")
        return tf.reshape(patches, [tf.shape(images)[0], PATCHES, PATCH * PATCH * 3])


@keras.utils.register_keras_serializable("conformance")
class PatchEncoder(L.Layer):
    """Projects patches and adds a learned vector for each position."""

    def __init__(self, **arguments):
        super().__init__(**arguments)
        self.projection = L.Dense(WIDTH)
        self.positions = L.Embedding(PATCHES, WIDTH)

    def build(self, shape):
        self.projection.build(shape)
        self.positions.build((None,))
        self.built = True

    def call(self, patches):
        positions = tf.expand_dims(tf.range(PATCHES), axis=0)
        return self.projection(patches) + self.positions(positions)


@keras.utils.register_keras_serializable("conformance")
class ClassToken(L.Layer):
    """A learned vector in front of the patches."""

    def build(self, shape):
        self.token = self.add_weight(name="token", shape=(1, 1, shape[-1]))

    def call(self, patches):
        token = tf.repeat(tf.cast(self.token, patches.dtype), tf.shape(patches)[0], axis=0)
        return tf.concat([token, patches], axis=1)


@recipe(SHAPE, formats=("saved_model",))
def vision_transformer_example():
    image = L.Input(SHAPE)
    x = encoder(PatchEncoder()(Patches()(image)))
    x = L.Dropout(0.5)(L.Flatten()(x))
    return keras.Model(image, L.Dense(CLASSES)(perceptron(x, [32])))


@recipe(SHAPE, formats=("saved_model",))
def class_token_transformer():
    image = L.Input(SHAPE)
    x = ClassToken()(PatchEncoder()(Patches()(image)))
    x = encoder(x)
    x = L.Lambda(lambda values: values[:, 0])(x)
    return keras.Model(image, L.Dense(CLASSES, activation="softmax")(x))


@recipe(SHAPE)
def mlp_mixer():
    """Mixes over patches and over channels in turn."""
    image = L.Input(SHAPE)
    x = L.Conv2D(WIDTH, PATCH, strides=PATCH)(image)
    x = L.Reshape((PATCHES, WIDTH))(x)
    for _ in range(2):
        y = L.Permute((2, 1))(L.LayerNormalization(epsilon=1e-6)(x))
        y = L.Permute((2, 1))(L.Dense(PATCHES)(L.Dense(32, activation="gelu")(y)))
        x = L.Add()([x, y])
        y = L.LayerNormalization(epsilon=1e-6)(x)
        y = L.Dense(WIDTH)(L.Dense(2 * WIDTH, activation="gelu")(y))
        x = L.Add()([x, y])
    x = L.GlobalAveragePooling1D()(x)
    return keras.Model(image, L.Dense(CLASSES, activation="softmax")(x))


@recipe(SHAPE, pixels=True)
def conv_mixer():
    def activation_block(x):
        return L.BatchNormalization()(L.Activation("gelu")(x))

    image = L.Input(SHAPE)
    x = L.Rescaling(scale=1.0 / 255)(image)
    x = activation_block(L.Conv2D(WIDTH, kernel_size=2, strides=2)(x))
    for _ in range(4):
        y = activation_block(L.DepthwiseConv2D(kernel_size=5, padding="same")(x))
        x = activation_block(L.Conv2D(WIDTH, kernel_size=1)(L.Add()([y, x])))
    x = L.GlobalAvgPool2D()(x)
    return keras.Model(image, L.Dense(CLASSES, activation="softmax")(x))


@recipe((64, 64, 3), pixels=True)
def mobile_vit():
    """Inverted residuals with transformers among them."""
    swish = keras.activations.swish if not KERAS3 else keras.activations.silu

    def convolution(x, filters, kernel=3, strides=2):
        return L.Conv2D(
            filters, kernel, strides=strides, activation=swish, padding="same"
        )(x)

    def inverted_residual(x, expanded, filters, strides=1):
        y = L.Conv2D(expanded, 1, padding="same", use_bias=False)(x)
        y = swish(L.BatchNormalization()(y))
        if strides == 2:
            y = L.ZeroPadding2D(((0, 1), (0, 1)))(y)
        padding = "same" if strides == 1 else "valid"
        y = L.DepthwiseConv2D(3, strides=strides, padding=padding, use_bias=False)(y)
        y = swish(L.BatchNormalization()(y))
        y = L.Conv2D(filters, 1, padding="same", use_bias=False)(y)
        y = L.BatchNormalization()(y)
        if strides == 1 and x.shape[-1] == filters:
            return L.Add()([y, x])
        return y

    def block(x, depth):
        side = x.shape[1]
        local = convolution(x, 16, strides=1)
        local = convolution(local, WIDTH, kernel=1, strides=1)
        y = L.Reshape((4, side * side // 4, WIDTH))(local)
        y = encoder(y, heads=2, size=WIDTH, depth=depth)
        y = L.Reshape((side, side, WIDTH))(y)
        y = convolution(y, x.shape[-1], kernel=1, strides=1)
        return convolution(L.Concatenate(axis=-1)([x, y]), 16, strides=1)

    image = L.Input((64, 64, 3))
    x = L.Rescaling(scale=1.0 / 255)(image)
    x = convolution(x, 16)
    x = inverted_residual(x, 32, 16)
    x = inverted_residual(x, 32, 24, strides=2)
    x = inverted_residual(x, 48, 24)
    x = inverted_residual(x, 48, 32, strides=2)
    x = block(x, depth=2)
    x = convolution(x, 48, kernel=1, strides=1)
    x = L.GlobalAvgPool2D()(x)
    return keras.Model(image, L.Dense(CLASSES, activation="softmax")(x))
