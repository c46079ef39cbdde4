"""Runs this project's program and its peers, each in a process of its own so that time and memory are its own."""

import hashlib
import json
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import tensorflow as tf

HERE = Path(__file__).resolve().parent
RESULTS = HERE.parents[2] / "target" / "benchmark" / "accuracy"
PATHS = ["source_keras_model", "dataset_image_dir", "evaluate_image_dir", "evaluate_label_file"]


@dataclass
class Quantized:
    """A file, or the reason why there is none."""

    path: Path
    seconds: float
    peak_bytes: int
    failure: str = ""


def measured(command, output, is_script=False):
    """What became of a command that writes the file `output`.

    Scripts of this folder have their seconds, or the reason of a failure, in the last line.
    """
    wrapper = [sys.executable, str(HERE / "run_measured.py"), *map(str, command)]
    # Without site packages the wrapper is small; see there.
    done = json.loads(subprocess.run([wrapper[0], "-S", *wrapper[1:]], check=True, capture_output=True).stdout)
    failure = ""
    if done["exit_code"] or not output.exists():
        lines = done["errors"].strip().splitlines() or [f"exit code {done['exit_code']}"]
        failure = lines[-1 if is_script else 0].replace(f"{output.parent}/", "")
    elif is_script:
        done["seconds"] = float(done["output"].strip().splitlines()[-1])
    return Quantized(output, done["seconds"], done["peak_bytes"], failure)


def quantize_here(program, project, target, changes, folder):
    settings = dict(project.settings, target=target, output_dir=str(folder))
    settings["quantization"] = {**settings.get("quantization", {}), **changes}
    for key in PATHS:
        settings[key] = str(project.file(key))
    settings["evaluate_result_dir"] = str(folder / "results")
    configuration = folder / "configuration.json"
    configuration.write_text(json.dumps(settings))
    return measured([program, "quantize", "--quiet", configuration], folder / "model_quantized.tflite")


class Peers:
    """The peers' files of a project, kept below `target` for later runs."""

    def __init__(self, project, fresh, ai_edge_python=None):
        self.project, self.fresh, self.ai_edge_python = project, fresh, ai_edge_python
        self.folder = RESULTS / project.name / "peers"
        self.folder.mkdir(parents=True, exist_ok=True)
        model = project.file("source_keras_model")
        self.hash = hashlib.sha256(project.path.read_bytes())
        for file in sorted(model.rglob("*")) if model.is_dir() else [model]:
            if file.is_file():
                self.hash.update(file.read_bytes())

    def path(self, name, script):
        """The file's path changes with the model, the configuration and the script that makes the file."""
        key = self.hash.copy()
        key.update((HERE / script).read_bytes())
        return self.folder / f"{name}-{key.hexdigest()[:16]}.tflite"

    def float_file(self):
        path = self.path("float", "quantizers.py")
        if self.fresh or not path.exists():
            path.write_bytes(tf.lite.TFLiteConverter.from_keras_model(self.project.model()).convert())
        return path

    def quantize(self, peer):
        """`tensorflow`, `mct` or `ai-edge`."""
        path = self.path(peer, "ai_edge.py" if peer == "ai-edge" else "peers.py")
        record = path.with_suffix(".json")
        if record.exists() and not self.fresh:
            return Quantized(path, **json.loads(record.read_text()))
        path.unlink(missing_ok=True)
        if peer == "ai-edge":
            result = self.quantize_with_ai_edge(path)
        else:
            command = [sys.executable, HERE / "peers.py", peer, self.project.path, path]
            result = measured(command, path, is_script=True)
        values = asdict(result)
        del values["path"]
        record.write_text(json.dumps(values) + "\n")
        return result

    def quantize_with_ai_edge(self, path):
        pictures = path.with_suffix(".raw")
        with pictures.open("wb") as file:
            for source in self.project.calibration_files():
                self.project.pictures([source]).astype(np.float32).tofile(file)
        command = [self.ai_edge_python, HERE / "ai_edge.py", self.float_file(), pictures, path]
        result = measured(command, path, is_script=True)
        pictures.unlink()
        return result
