"""Classifiers on top of another network, as the tutorials of TensorFlow and Keras build them."""

from framework import LAYERS as L
from framework import keras
from recipe import recipe

CLASSES = 5
SMALL = (64, 64, 3)


def augmentation():
    return keras.Sequential(
        [
            L.RandomFlip("horizontal"),
            L.RandomRotation(0.2),
            L.RandomZoom(0.1),
            L.RandomContrast(0.1),
            L.RandomTranslation(0.1, 0.1),
        ],
        name="augmentation",
    )


def mobilenet_v2(shape=SMALL, **arguments):
    arguments = {"weights": None, "include_top": False, "alpha": 0.35} | arguments
    return keras.applications.MobileNetV2(input_shape=shape, **arguments)


def frozen(base):
    base.trainable = False
    return base


def small_base():
    """A network of its own without batch normalization, ending in a feature map."""
    image = L.Input((32, 32, 3))
    x = image
    for filters in (8, 16, 24):
        x = L.Conv2D(filters, 3, padding="same", activation="relu")(x)
        x = L.MaxPooling2D()(x)
    return keras.Model(image, x, name="small_base")


@recipe(SMALL, pixels=True)
def transfer_sequential():
    return keras.Sequential(
        [
            L.Input(SMALL),
            augmentation(),
            L.Rescaling(1 / 127.5, offset=-1.0),
            frozen(mobilenet_v2()),
            L.GlobalAveragePooling2D(),
            L.Dropout(0.2),
            L.Dense(32, activation="relu"),
            L.Dense(CLASSES, activation="softmax"),
        ]
    )


@recipe(SMALL, pixels=True)
def transfer_preprocessing():
    """The arithmetic of `preprocess_input` becomes layers; the head gives logits."""
    image = L.Input(SMALL)
    x = augmentation()(image)
    x = keras.applications.mobilenet_v2.preprocess_input(x)
    x = frozen(mobilenet_v2())(x, training=False)
    x = L.GlobalAveragePooling2D()(x)
    x = L.Dropout(0.2)(x)
    return keras.Model(image, L.Dense(CLASSES)(x))


@recipe(SMALL, pixels=True)
def transfer_without_augmentation():
    image = L.Input(SMALL)
    x = keras.applications.mobilenet_v2.preprocess_input(image)
    x = mobilenet_v2()(x, training=False)
    x = L.GlobalAveragePooling2D()(x)
    x = L.Dropout(0.2)(x)
    return keras.Model(image, L.Dense(CLASSES, activation="softmax")(x))


@recipe((32, 32, 3), pixels=True)
def transfer_bgr():
    """The preprocessing of ResNet and VGG turns the channels round and subtracts means."""
    image = L.Input((32, 32, 3))
    x = keras.applications.resnet50.preprocess_input(image)
    x = small_base()(x)
    x = L.Flatten()(x)
    return keras.Model(image, L.Dense(CLASSES, activation="softmax")(x))


@recipe((32, 32, 3), pixels=True)
def transfer_torch():
    """The preprocessing of DenseNet divides by standard deviations."""
    image = L.Input((32, 32, 3))
    x = keras.applications.densenet.preprocess_input(image)
    x = small_base()(x)
    x = L.GlobalMaxPooling2D()(x)
    return keras.Model(image, L.Dense(CLASSES, activation="softmax")(x))


@recipe((32, 32, 3), pixels=True)
def transfer_normalization():
    """A normalization layer that was adapted to a data set, and a head with its own."""
    image = L.Input((32, 32, 3))
    x = L.Normalization()(image)
    x = small_base()(x)
    x = L.Flatten()(x)
    x = L.Dense(32, use_bias=False)(x)
    x = L.BatchNormalization()(x)
    x = L.Activation("relu")(x)
    x = L.Dropout(0.5)(x)
    x = L.Dense(CLASSES)(x)
    return keras.Model(image, L.Activation("softmax", dtype="float32")(x))


@recipe((32, 32, 3))
def transfer_appended_softmax():
    """A model that gives logits, in a Sequential with a softmax behind it."""
    inner = keras.Sequential(
        [L.Input((32, 32, 3)), small_base(), L.GlobalAveragePooling2D(), L.Dense(CLASSES)]
    )
    return keras.Sequential([L.Input((32, 32, 3)), inner, L.Softmax()])


@recipe((32, 32, 3))
def transfer_binary():
    return keras.Sequential(
        [L.Input((32, 32, 3)), small_base(), L.Flatten(), L.Dense(1, activation="sigmoid")]
    )


@recipe(SMALL)
def transfer_open_size():
    """The input leaves height and width open."""
    image = L.Input((None, None, 3))
    x = mobilenet_v2((None, None, 3), pooling="avg")(image)
    return keras.Model(image, L.Dense(CLASSES, activation="softmax")(x))


@recipe((48, 64, 3))
def transfer_flattened_base():
    """A base whose own layers are those of the model, and pictures that are not square."""
    base = mobilenet_v2((48, 64, 3), pooling="max")
    for layer in base.layers[:-20]:
        layer.trainable = False
    x = L.Dense(CLASSES, activation="softmax")(base.output)
    return keras.Model(base.input, x)


@recipe(SMALL, policy="mixed_float16")
def mixed_float16_application():
    return mobilenet_v2(include_top=True, classes=CLASSES)


@recipe((32, 32, 3), policy="mixed_bfloat16")
def mixed_bfloat16_sequential():
    return convolutional()


@recipe((32, 32, 3), policy="float16", only=3)
def float16_sequential():
    return convolutional()


def convolutional():
    return keras.Sequential(
        [
            L.Input((32, 32, 3)),
            L.Conv2D(8, 3, strides=2, padding="same", use_bias=False),
            L.BatchNormalization(),
            L.ReLU(),
            L.Conv2D(16, 3, activation="swish"),
            L.GlobalAveragePooling2D(),
            L.Dense(CLASSES),
            L.Activation("softmax", dtype="float32"),
        ]
    )


@recipe((28, 28, 1))
def mnist_convnet():
    return keras.Sequential(
        [
            L.Input((28, 28, 1)),
            L.Conv2D(16, kernel_size=(3, 3), activation="relu"),
            L.MaxPooling2D(pool_size=(2, 2)),
            L.Conv2D(24, kernel_size=(3, 3), activation="relu"),
            L.MaxPooling2D(pool_size=(2, 2)),
            L.Flatten(),
            L.Dropout(0.5),
            L.Dense(10, activation="softmax"),
        ]
    )


@recipe(SMALL, pixels=True)
def small_xception():
    """The network of the example "image classification from scratch"."""
    image = L.Input(SMALL)
    x = L.Rescaling(1.0 / 255)(image)
    x = L.Conv2D(16, 3, strides=2, padding="same")(x)
    x = L.Activation("relu")(L.BatchNormalization()(x))
    previous = x
    for size in (24, 32, 48):
        for _ in range(2):
            x = L.Activation("relu")(x)
            x = L.SeparableConv2D(size, 3, padding="same")(x)
            x = L.BatchNormalization()(x)
        x = L.MaxPooling2D(3, strides=2, padding="same")(x)
        x = L.add([x, L.Conv2D(size, 1, strides=2, padding="same")(previous)])
        previous = x
    x = L.SeparableConv2D(64, 3, padding="same")(x)
    x = L.Activation("relu")(L.BatchNormalization()(x))
    x = L.Dropout(0.25)(L.GlobalAveragePooling2D()(x))
    return keras.Model(image, L.Dense(CLASSES, activation=None)(x))
