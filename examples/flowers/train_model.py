"""Trains the demo's Keras model on pictures drawn for the purpose and measures it on the committed validation folder.

    python -m pip install tensorflow-cpu==2.15.1 keras==2.15.0 numpy==1.26.4 pillow==13.0.0
    python draw_pictures.py
    python train_model.py

writes `model/flowers.h5`, a whole model without optimizer state. `--evaluate` only measures the model that is there.
"""

import argparse
import json
import os
from multiprocessing import Pool
from pathlib import Path

import numpy as np
import tensorflow as tf
from tensorflow.keras import layers

from draw_pictures import CLASSES, draw_picture

HERE = Path(__file__).parent
MODEL = HERE / "model" / "flowers.h5"
INPUT_SIZE = 96
# The preset "mobilenet": the shorter side becomes 256/224 of the input size before the centre is cut out.
RESIZED_SIDE = round(INPUT_SIZE * 256 / 224)
SEED = 7


def resize_and_crop(jpeg, size):
    """The centre of a JPEG's pixels, float32 [size, size, 3] from 0 to 255, after the shorter side became RESIZED_SIDE.

    Bilinear with half-pixel centres and without antialiasing; sides are rounded to whole pixels, offsets down.
    """
    pixels = tf.io.decode_jpeg(jpeg, channels=3, dct_method="INTEGER_ACCURATE")
    height, width = pixels.shape[:2]
    scale = 256 / 224 * INPUT_SIZE / min(height, width)
    height, width = int(height * scale + 0.5), int(width * scale + 0.5)
    pixels = tf.image.resize(pixels, (height, width), method="bilinear", antialias=False).numpy()
    top, left = (height - size) // 2, (width - size) // 2
    return pixels[top : top + size, left : left + size]


def normalize(pixels):
    """Values from 0 to 255 become values from -1 to 1."""
    return (pixels - 127.5) / 127.5


def read_folder(folder):
    """The preprocessed pictures [n, INPUT_SIZE, INPUT_SIZE, 3] of a data set folder and their labels [n]."""
    label_of = json.loads((HERE / "labels.json").read_text())
    files = sorted(folder.glob("*/*.jpg"))
    pictures = np.stack([resize_and_crop(file.read_bytes(), INPUT_SIZE) for file in files])
    return normalize(pictures), np.array([label_of[file.parent.name] for file in files])


def draw_learning_set(per_class):
    """Pictures that are in no committed folder, uint8 [n, RESIZED_SIDE, RESIZED_SIDE, 3], and their labels [n]."""
    jobs = [("learning", label, index) for index in range(per_class) for label in range(len(CLASSES))]
    with Pool(os.cpu_count()) as pool:
        jpegs = pool.starmap(draw_picture, jobs, chunksize=50)
    pictures = np.stack([np.rint(resize_and_crop(jpeg, RESIZED_SIDE)).astype(np.uint8) for jpeg in jpegs])
    return pictures, np.array([label for _, label, _ in jobs])


def bottleneck(x, channels, stride, expansion, name):
    """An inverted residual block, as in MobileNetV2 (Sandler et al. 2018, section 3.3)."""
    entrance = x
    x = layers.Conv2D(expansion * x.shape[-1], 1, use_bias=False, name=f"{name}_expand")(x)
    x = layers.BatchNormalization(momentum=0.95, name=f"{name}_expand_bn")(x)
    x = layers.ReLU(6.0, name=f"{name}_expand_relu")(x)
    x = layers.DepthwiseConv2D(3, stride, "same", use_bias=False, name=f"{name}_depthwise")(x)
    x = layers.BatchNormalization(momentum=0.95, name=f"{name}_depthwise_bn")(x)
    x = layers.ReLU(6.0, name=f"{name}_depthwise_relu")(x)
    x = layers.Conv2D(channels, 1, use_bias=False, name=f"{name}_project")(x)
    x = layers.BatchNormalization(momentum=0.95, name=f"{name}_project_bn")(x)
    if stride == 1 and entrance.shape[-1] == channels:
        x = layers.Add(name=f"{name}_add")([entrance, x])
    return x


def build_model():
    """A small MobileNetV2-like classifier with a softmax over the five classes."""
    entrance = layers.Input((INPUT_SIZE, INPUT_SIZE, 3), name="picture")
    x = layers.Conv2D(12, 3, 2, "same", use_bias=False, name="stem")(entrance)
    x = layers.BatchNormalization(momentum=0.95, name="stem_bn")(x)
    x = layers.ReLU(6.0, name="stem_relu")(x)
    for number, (channels, stride, expansion) in enumerate(
        [(16, 2, 3), (16, 1, 4), (32, 2, 4), (32, 1, 4), (32, 1, 4), (56, 2, 4), (56, 1, 4)], start=1
    ):
        x = bottleneck(x, channels, stride, expansion, f"block_{number}")
    x = layers.Conv2D(160, 1, use_bias=False, name="last")(x)
    x = layers.BatchNormalization(momentum=0.95, name="last_bn")(x)
    x = layers.ReLU(6.0, name="last_relu")(x)
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    x = layers.Dropout(0.2, name="dropout")(x)
    x = layers.Dense(len(CLASSES), name="logits")(x)
    return tf.keras.Model(entrance, layers.Softmax(name="probabilities")(x), name="flowers")


def augment(picture, label):
    """A random window, mirrored half of the time."""
    picture = tf.image.random_crop(picture, (INPUT_SIZE, INPUT_SIZE, 3))
    picture = tf.image.random_flip_left_right(picture)
    return normalize(tf.cast(picture, tf.float32)), label


def train(build_model, per_class, epochs, batch_size=64):
    """The built model after `epochs` passes over a drawn learning set; the same seed and machine give the same model."""
    pictures, labels = draw_learning_set(per_class)
    tf.keras.utils.set_random_seed(SEED)
    tf.config.experimental.enable_op_determinism()
    samples = (
        tf.data.Dataset.from_tensor_slices((pictures, labels))
        .shuffle(len(labels), SEED)
        .map(augment)
        .batch(batch_size, drop_remainder=True)
    )
    model = build_model()
    rate = tf.keras.optimizers.schedules.CosineDecay(4e-3, epochs * (len(labels) // batch_size))
    model.compile(tf.keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", ["accuracy"])
    model.fit(samples, epochs=epochs, verbose=2)
    return model


def evaluate(model):
    """Prints the top-1 accuracy on the committed validation folder, whole and by class."""
    pictures, labels = read_folder(HERE / "dataset" / "validation")
    correct = model.predict(pictures, verbose=0).argmax(axis=1) == labels
    print(f"top-1 accuracy on dataset/validation: {correct.sum()} of {len(correct)} = {correct.mean():.1%}")
    for label, name in enumerate(CLASSES):
        print(f"  {name:<10} {correct[labels == label].mean():.1%}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--evaluate", action="store_true", help="measure the committed model instead of training one")
    parser.add_argument("--per-class", type=int, default=600, help="pictures to draw for each class")
    parser.add_argument("--epochs", type=int, default=20)
    arguments = parser.parse_args()
    if not arguments.evaluate:
        model = train(build_model, arguments.per_class, arguments.epochs)
        MODEL.parent.mkdir(exist_ok=True)
        model.save(MODEL, include_optimizer=False)
    evaluate(tf.keras.models.load_model(MODEL, compile=False))


if __name__ == "__main__":
    main()
