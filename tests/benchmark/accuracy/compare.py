"""Measures what quantization costs in accuracy, beside TensorFlow's and Sony's own tools, on the same images in one run.

    python -m pip install tensorflow-cpu==2.15.1 keras==2.15.0 numpy==1.26.4 pillow==13.0.0 model-compression-toolkit==2.6.1
    python tests/benchmark/accuracy/compare.py target/benchmark/accuracy/*/configuration.json

For each configuration it quantizes the model with this project's program for both targets, with the settings of the
configuration and with `weights_rounding_optimization` besides, with TensorFlow's full
integer post-training quantization and with Model Compression Toolkit's (MCT) for its imx500 target, and prints a
Markdown table. Every file runs in the same interpreter on the same pixels; only this project's program decodes its
calibration images itself. All quantizers calibrate on the images of `dataset_image_dir`.

- top-1: on all images of `evaluate_image_dir`, in percent; "agreement" is with the float model.
- SQNR: 10 log10 (sum float² / sum (float - quantized)²) of the logits, the input of the last softmax, in decibels,
  on the first `--logit-images` images in the order of `--seed`.
- float operators: operators of the file that read or write float numbers, conversions at its ends aside.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import tensorflow as tf
from PIL import Image

TARGETS = ["imx500", "tflite"]
PRESETS = {"mobilenet": (127.5, 127.5), "unit": (0.0, 255.0), "none": (0.0, 1.0)}
CONVERSIONS = {"QUANTIZE", "DEQUANTIZE"}


class Project:
    """What a configuration.json names, and its pictures as the model takes them."""

    def __init__(self, path):
        self.path = path.resolve()
        self.settings = json.loads(path.read_text())
        self.size = self.settings["input_tensor_size"]
        preprocessing = self.settings.get("preprocessing", "mobilenet")
        self.stretch = False
        if isinstance(preprocessing, str):
            self.mean, self.deviation = PRESETS[preprocessing]
        else:
            normalization = preprocessing["normalization"]
            self.mean, self.deviation = normalization["mean"], normalization["std"]
            wanted = {"fit": "stretch", "interpolation": "bilinear", "antialias": True}
            if preprocessing.get("resize") != wanted:
                sys.exit(f"{path}: of resizing, this script knows only {wanted} and that of the presets")
            self.stretch = True

    def file(self, key):
        return self.path.parent / self.settings[key]

    def model(self):
        return tf.keras.models.load_model(self.file("source_keras_model"), compile=False)

    def picture(self, file):
        """float32 [size, size, 3], normalized."""
        if self.stretch:
            with Image.open(file) as image:
                resized = image.convert("RGB").resize((self.size, self.size), Image.Resampling.BILINEAR)
            pixels = np.asarray(resized, np.float32)
        else:
            pixels = tf.io.decode_jpeg(file.read_bytes(), channels=3, dct_method="INTEGER_ACCURATE")
            height, width = pixels.shape[:2]
            scale = 256 / 224 * self.size / min(height, width)
            height, width = int(height * scale + 0.5), int(width * scale + 0.5)
            pixels = tf.image.resize(pixels, (height, width), method="bilinear", antialias=False).numpy()
            top, left = (height - self.size) // 2, (width - self.size) // 2
            pixels = pixels[top : top + self.size, left : left + self.size]
        return (pixels - self.mean) / self.deviation

    def calibration(self):
        files = sorted(self.file("dataset_image_dir").rglob("*.jp*g"))
        return np.stack([self.picture(file) for file in files]).astype(np.float32)

    def validation(self):
        labels = json.loads(self.file("evaluate_label_file").read_text())
        files = sorted(self.file("evaluate_image_dir").glob(f"*/*.{self.settings['evaluate_image_extension'].lstrip('.')}"))
        pictures = np.stack([self.picture(file) for file in files]).astype(np.float32)
        return pictures, np.array([labels[file.parent.name] for file in files])


class File:
    """A `.tflite` file in TensorFlow's interpreter, whose intermediate tensors can be read."""

    def __init__(self, path):
        self.bytes = path.stat().st_size
        self.interpreter = tf.lite.Interpreter(str(path), num_threads=2, experimental_preserve_all_tensors=True)
        self.interpreter.allocate_tensors()
        self.input = self.interpreter.get_input_details()[0]
        self.output = self.interpreter.get_output_details()[0]
        self.tensors = {tensor["index"]: tensor for tensor in self.interpreter.get_tensor_details()}
        # Private, but the only way to see operators in Python; the version of the package is pinned.
        operators = self.interpreter._get_ops_details()
        operators = [operator for operator in operators if operator["op_name"] != "DELEGATE"]
        softmax = [operator for operator in operators if operator["op_name"] == "SOFTMAX"]
        self.logits = self.tensors[softmax[-1]["inputs"][0]] if softmax else self.output
        self.float_operators = [
            operator["op_name"]
            for operator in operators
            if operator["op_name"] not in CONVERSIONS
            and any(
                index in self.tensors and self.tensors[index]["dtype"] == np.float32
                for index in [*operator["inputs"], *operator["outputs"]]
            )
        ]

    def run(self, pictures):
        """Class numbers [n] and real logits [n, classes]."""
        classes, logits = [], []
        for picture in pictures:
            self.interpreter.set_tensor(self.input["index"], quantized(picture[None], self.input))
            self.interpreter.invoke()
            classes.append(self.real(self.output).argmax())
            logits.append(self.real(self.logits).ravel())
        return np.array(classes), np.stack(logits)

    def real(self, tensor):
        values = self.interpreter.get_tensor(tensor["index"])
        scale, zero_point = tensor["quantization"]
        return (values.astype(np.float64) - zero_point) * scale if scale else values.astype(np.float64)


def quantized(values, tensor):
    scale, zero_point = tensor["quantization"]
    if not scale:
        return values.astype(tensor["dtype"])
    limits = np.iinfo(tensor["dtype"])
    return np.clip(np.rint(values / scale + zero_point), limits.min, limits.max).astype(tensor["dtype"])


def quantize_here(program, target, project, folder, **changes):
    settings = dict(project.settings, target=target, output_dir=str(folder))
    settings["quantization"] = dict(settings.get("quantization", {}), **changes)
    for key in ["source_keras_model", "dataset_image_dir", "evaluate_image_dir", "evaluate_label_file"]:
        settings[key] = str(project.file(key))
    settings["evaluate_result_dir"] = str(folder / "results")
    configuration = folder / "configuration.json"
    configuration.write_text(json.dumps(settings))
    subprocess.run([program, "quantize", "--quiet", configuration], check=True)
    return folder / "model_quantized.tflite"


def quantize_with_tensorflow(project, folder):
    pictures = project.calibration()
    converter = tf.lite.TFLiteConverter.from_keras_model(project.model())
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([picture[None]] for picture in pictures)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    path = folder / "tensorflow.tflite"
    path.write_bytes(converter.convert())
    return path


def quantize_with_mct(project, folder):
    import model_compression_toolkit as mct

    pictures = project.calibration()
    batches = [pictures[start : start + 50] for start in range(0, len(pictures), 50)]
    model, _ = mct.ptq.keras_post_training_quantization(
        project.model(),
        lambda: ([batch] for batch in batches),
        target_platform_capabilities=mct.get_target_platform_capabilities("1.0", "imx500"),
    )
    path = folder / "mct.tflite"
    mct.exporter.keras_export_model(
        model=model,
        save_model_path=str(path),
        serialization_format=mct.exporter.KerasExportSerializationFormat.TFLITE,
        quantization_format=mct.exporter.QuantizationFormat.INT8,
    )
    return path


def sqnr(signal, noisy):
    noise = np.square(signal - noisy).sum()
    return 10 * np.log10(np.square(signal).sum() / noise) if noise else float("inf")


def compare(project, quantizers, logit_images, seed):
    """Prints the rows of one project."""
    pictures, labels = project.validation()
    order = np.random.default_rng(seed).permutation(len(labels))
    pictures, labels = pictures[order], labels[order]
    model = project.model()
    float_classes = model.predict(pictures, verbose=0).argmax(axis=1)
    # The logits of the float model come from its float file: Keras fuses the softmax into the last layer.
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "float.tflite"
        path.write_bytes(tf.lite.TFLiteConverter.from_keras_model(model).convert())
        _, float_logits = File(path).run(pictures[:logit_images])
    name = project.path.parent.name
    float_accuracy = (float_classes == labels).mean()
    print(f"| {name} | float, Keras | {float_accuracy:.1%} | | 100.0% | | | | |", flush=True)
    for quantizer, quantize in quantizers.items():
        with tempfile.TemporaryDirectory() as folder:
            start = time.perf_counter()
            try:
                path = quantize(project, Path(folder))
                seconds = time.perf_counter() - start
                file = File(path)
            except Exception as error:  # A peer that fails is a result.
                reason = (str(error).strip().splitlines() or [""])[0][:80]
                print(f"| {name} | {quantizer} | fails: {type(error).__name__}: {reason} | | | | | | |", flush=True)
                continue
            classes, logits = file.run(pictures)
            accuracy = (classes == labels).mean()
            print(
                f"| {name} | {quantizer} | {accuracy:.1%} | {100 * (accuracy - float_accuracy):+.1f} "
                f"| {(classes == float_classes).mean():.1%} | {sqnr(float_logits, logits[:logit_images]):.1f} "
                f"| {file.bytes / 1000:.0f} kB | {len(file.float_operators)} | {seconds:.1f} s |",
                flush=True,
            )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("configurations", nargs="+", type=Path)
    parser.add_argument("--program", type=Path, default=Path("target/release/model-quantizer"))
    parser.add_argument("--without", nargs="*", default=[], choices=["tensorflow", "mct"], help="peers to leave out")
    parser.add_argument("--logit-images", type=int, default=64)
    parser.add_argument("--seed", type=int, default=0, help="of the order of the validation images")
    arguments = parser.parse_args()

    program = arguments.program.resolve()
    quantizers = {
        f"this, {target}": lambda project, folder, target=target: quantize_here(program, target, project, folder)
        for target in TARGETS
    }
    for target in TARGETS:
        quantizers[f"this, {target}, optimized rounding"] = (
            lambda project, folder, target=target: quantize_here(
                program, target, project, folder, weights_rounding_optimization=True
            )
        )
    if "tensorflow" not in arguments.without:
        quantizers["TensorFlow"] = quantize_with_tensorflow
    if "mct" not in arguments.without:
        quantizers["MCT, imx500"] = quantize_with_mct
    print("| model | quantizer | top-1 | change | agreement | logits SQNR, dB | size | float operators | time |")
    print("|---|---|--:|--:|--:|--:|--:|--:|--:|", flush=True)
    for path in arguments.configurations:
        compare(Project(path), quantizers, arguments.logit_images, arguments.seed)


if __name__ == "__main__":
    main()
