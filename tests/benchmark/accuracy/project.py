"""What a configuration.json names, and its pictures as the model takes them."""

import json
import sys

import numpy as np
import tensorflow as tf
from PIL import Image

PRESETS = {
    "mobilenet": {"mean": 127.5, "std": 127.5},
    "imagenet_torch": {"mean": [123.675, 116.28, 103.53], "std": [58.395, 57.12, 57.375]},
    "imagenet_caffe": {"mean": [103.939, 116.779, 123.68], "std": 1.0},
    "unit": {"mean": 0.0, "std": 255.0},
    "none": {"mean": 0.0, "std": 1.0},
}
# What schemas/configuration.schema.json says of keys that are left out.
RESIZE = {"fit": "crop", "scale": 256 / 224, "interpolation": "bilinear", "antialias": False}
FILTERS = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}


def jpeg_files(folder):
    return sorted(file for file in folder.rglob("*") if file.suffix.lower() in {".jpg", ".jpeg"})


class Project:
    """A folder with configuration.json, read for models with three channels."""

    def __init__(self, path):
        self.path = path.resolve()
        self.name = self.path.parent.name
        self.settings = json.loads(path.read_text())
        self.size = self.settings["input_tensor_size"]
        preprocessing = self.settings.get("preprocessing", "mobilenet")
        if isinstance(preprocessing, str):
            order = "bgr" if preprocessing == "imagenet_caffe" else "rgb"
            preprocessing = {"normalization": PRESETS[preprocessing], "channel_order": order}
        normalization = preprocessing.get("normalization", PRESETS["mobilenet"])
        self.mean = np.float32(normalization["mean"])
        self.deviation = np.float32(normalization["std"])
        self.resize = {**RESIZE, **preprocessing.get("resize", {})}
        self.reversed = preprocessing.get("channel_order", "rgb") == "bgr"
        if self.resize["fit"] == "pad" or self.resize["interpolation"] not in FILTERS:
            sys.exit(f"{path}: of resizing, this script knows crop and stretch, bilinear and bicubic")

    def file(self, key):
        return self.path.parent / self.settings[key]

    def model(self):
        return tf.keras.models.load_model(self.file("source_keras_model"), compile=False)

    def pixels(self, file):
        """float32 [size, size, 3] from 0 to 255, red first."""
        source = tf.io.decode_jpeg(file.read_bytes(), channels=3, dct_method="INTEGER_ACCURATE").numpy()
        height, width = self.size, self.size
        if self.resize["fit"] == "crop":
            factor = self.resize["scale"] * self.size / min(source.shape[:2])
            height, width = (int(side * factor + 0.5) for side in source.shape[:2])
        method = self.resize["interpolation"]
        if self.resize["antialias"]:
            resized = np.asarray(Image.fromarray(source).resize((width, height), FILTERS[method]), np.float32)
        else:
            resized = tf.image.resize(source, (height, width), method).numpy()
        top, left = (height - self.size) // 2, (width - self.size) // 2
        return resized[top : top + self.size, left : left + self.size]

    def normalized(self, pixels):
        """The model's input for pixels from 0 to 255."""
        if self.reversed:
            pixels = pixels[..., ::-1]
        return ((pixels - self.mean) / self.deviation).astype(np.float32)

    def calibration_files(self):
        return jpeg_files(self.file("dataset_image_dir"))

    def validation_files(self):
        """The files and their labels."""
        labels = json.loads(self.file("evaluate_label_file").read_text())
        extension = self.settings["evaluate_image_extension"].lstrip(".")
        files = sorted(self.file("evaluate_image_dir").glob(f"*/*.{extension}"))
        return files, np.array([labels[file.parent.name] for file in files])

    def pictures(self, files):
        """The model's inputs, float32 [n, size, size, 3]."""
        return np.stack([self.normalized(self.pixels(file)) for file in files])
