"""Measures what quantization costs in accuracy, beside TensorFlow's, Sony's and Google's own tools, on the same images.

    python -m pip install tensorflow-cpu==2.15.1 keras==2.15.0 numpy==1.26.4 pillow==13.0.0 model-compression-toolkit==2.6.1
    python tests/benchmark/accuracy/compare.py target/benchmark/accuracy/*/configuration.json

For each configuration it quantizes the model with this project's program for both targets, with TensorFlow's full
integer post-training quantization, with Model Compression Toolkit (MCT) for its imx500 target and, where
`--ai-edge-python` names an interpreter that has it (see `ai_edge.py`), with AI Edge Quantizer; and prints a Markdown
table. Every file runs in the same interpreter on the same pixels, read as `project.py` does. This project's
program decodes its calibration images itself: its pixels differ from those by a root mean square of 0.3 levels and
at most by 4, because JPEG decoders round differently. All calibrate on the images of `dataset_image_dir`.

- top-1: on all images of `evaluate_image_dir`, with Wilson's 95 % interval; "agreement" is with the float model.
- SQNR: 10 log10 (sum float² / sum (float - quantized)²) of the logits, the input of the last softmax, in decibels:
  of all validation images together, and the 5th percentile of single images.
- KL: Kullback-Leibler divergence of the softmax of the logits from the float model's, mean over images, in nats.
- RMS error: of the output, the probabilities, over all classes and images.
- float operators: operators of the file that read or write float numbers, conversions at its ends aside.
- time and memory: of the process that quantizes; of peers the time without the import of packages. Peers' files
  are kept in `target/benchmark/accuracy/NAME/peers`, with the figures of the run that made them.

With `--unlike`, a second table has errors on images unlike those of calibration.
"""

import argparse
import json
import tempfile
from pathlib import Path

import numpy as np

import figures
import unlike
from files import File
from project import Project
from quantizers import Peers, quantize_here

PEERS = {"tensorflow": "TensorFlow", "mct": "MCT, imx500", "ai-edge": "AI Edge Quantizer"}
COLUMNS = [
    "model", "quantizer", "top-1", "95 % interval", "change", "agreement", "logits SQNR, dB", "its 5th percentile",
    "KL, nats", "RMS error", "size", "float operators", "time", "memory",
]  # fmt: skip
UNLIKE_COLUMNS = ["model", "images", "quantizer", "logits, relative RMS error", "probabilities, RMS error"]


def print_row(cells):
    print("| " + " | ".join(cells) + " |", flush=True)


def print_head(columns, texts):
    print_row(columns)
    print("|" + "---|" * texts + "--:|" * (len(columns) - texts), flush=True)


def accuracy(outputs, labels):
    correct = int((outputs.classes == labels).sum())
    low, high = figures.interval(correct, len(labels))
    return [f"{correct / len(labels):.1%}", f"{100 * low:.1f} to {100 * high:.1f}"]


def cells(outputs, expected, labels):
    """The cells of a quantized file's row that its outputs decide."""
    change = (outputs.classes == labels).mean() - (expected.classes == labels).mean()
    return [
        *accuracy(outputs, labels),
        f"{100 * change:+.1f}",
        f"{(outputs.classes == expected.classes).mean():.1%}",
        f"{figures.sqnr(expected.logits, outputs.logits):.1f}",
        f"{figures.low_sqnr(expected.logits, outputs.logits):.1f}",
        f"{figures.divergence(expected.logits, outputs.logits):.4f}",
        f"{figures.rms(expected.probabilities, outputs.probabilities):.5f}",
    ]


def variants(arguments):
    """Names, targets and settings of this project's files."""
    efforts = [(f", {effort}", {"effort": effort}) for effort in arguments.efforts] or [("", {})]
    settings = [("", {})] + [(f", {name}", changes) for name, changes in arguments.settings]
    for target in arguments.targets:
        for effort_name, effort in efforts:
            for name, changes in settings:
                yield f"this, {target}{effort_name}{name}", target, {**effort, **changes}


def quantize_all(project, peers, arguments, folder):
    """Names and results, one by one."""
    for number, (name, target, changes) in enumerate(variants(arguments)):
        own = folder / str(number)
        own.mkdir()
        yield name, quantize_here(arguments.program.resolve(), project, target, changes, own)
    for peer, name in PEERS.items():
        if peer not in arguments.without and (peer != "ai-edge" or arguments.ai_edge_python):
            yield name, peers.quantize(peer)


def compare(project, arguments, folder):
    """Prints the rows of one project; returns those of the second table."""
    files, labels = project.validation_files()
    peers = Peers(project, arguments.fresh, arguments.ai_edge_python)
    pictures = project.pictures(files)
    float_file = File(peers.float_file())
    expected = float_file.run(pictures)
    print_row([project.name, "float", *accuracy(expected, labels), *[""] * 10])
    kept = {}
    for name, result in quantize_all(project, peers, arguments, folder):
        failure, file = result.failure, None
        if not failure:
            try:
                file = File(result.path)
            except (RuntimeError, ValueError) as error:  # A peer's file that does not load is a result.
                failure = f"does not load: {str(error).strip().splitlines()[0]}"
        if not file:
            print_row([project.name, name, f"fails: {failure[:100].replace('|', ' ')}", *[""] * 11])
            continue
        print_row(
            [
                project.name,
                name,
                *cells(file.run(pictures), expected, labels),
                f"{file.bytes / 1000:.0f} kB",
                str(len(file.float_operators)),
                f"{result.seconds:.1f} s",
                f"{result.peak_bytes / 1e6:.0f} MB",
            ]
        )
        if name == PEERS["tensorflow"] or name.startswith("this"):
            kept[name] = file
    del pictures
    return unlike_rows(project, files, float_file, kept, arguments) if arguments.unlike else []


def unlike_rows(project, files, float_file, kept, arguments):
    order = np.random.default_rng(arguments.seed).permutation(len(files))
    files = [files[index] for index in order]
    rows = []
    for images, pictures in unlike.sets(
        project, files, arguments.other_pictures, arguments.unlike_images, arguments.seed
    ):
        expected = float_file.run(pictures)
        for name, file in kept.items():
            outputs = file.run(pictures)
            error = figures.relative_error(expected.logits, outputs.logits)
            probability_error = figures.rms(expected.probabilities, outputs.probabilities)
            rows.append([project.name, images, name, f"{error:.1%}", f"{probability_error:.5f}"])
    return rows


def named_settings(text):
    name, _, settings = text.partition("=")
    return name, json.loads(settings)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("configurations", nargs="+", type=Path)
    parser.add_argument("--program", type=Path, default=Path("target/release/model-quantizer"))
    parser.add_argument("--targets", nargs="+", default=["imx500", "tflite"])
    parser.add_argument(
        "--efforts", nargs="*", default=["balanced"], help="values of quantization.effort; with none it is left out"
    )
    parser.add_argument(
        "--settings", action="append", type=named_settings, default=[], metavar="NAME=JSON",
        help="further variants of this project: settings of quantization, as {\"cross_layer_equalization\": false}",
    )  # fmt: skip
    parser.add_argument("--without", nargs="*", default=[], choices=["tensorflow", "mct"], help="peers to leave out")
    parser.add_argument("--ai-edge-python", type=Path, help="an interpreter with ai-edge-quantizer")
    parser.add_argument("--fresh", action="store_true", help="let peers quantize again")
    parser.add_argument("--unlike", action="store_true", help="also measure on images unlike those of calibration")
    parser.add_argument("--other-pictures", type=Path, help="a folder of JPEG files for --unlike")
    parser.add_argument("--unlike-images", type=int, default=200, help="images in each set of --unlike")
    parser.add_argument("--seed", type=int, default=0, help="of the choice and the noise of images for --unlike")
    arguments = parser.parse_args()

    print_head(COLUMNS, 2)
    rows = []
    for path in arguments.configurations:
        with tempfile.TemporaryDirectory() as folder:
            rows += compare(Project(path), arguments, Path(folder))
    if rows:
        print()
        print_head(UNLIKE_COLUMNS, 3)
        for row in rows:
            print_row(row)


if __name__ == "__main__":
    main()
