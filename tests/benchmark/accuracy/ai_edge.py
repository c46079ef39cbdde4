"""Quantizes a float .tflite file with Google's AI Edge Quantizer; `compare.py --ai-edge-python` runs it.

    python -m pip install ai-edge-quantizer==0.10.0
    python ai_edge.py float.tflite calibration.raw quantized.tflite

in an environment of its own, because the package needs a newer NumPy than TensorFlow 2.15. `calibration.raw` has
the model's inputs, float32, one behind the other. The recipe is that of 8-bit weights and activations, the latter
with ranges from calibration. The last line printed is the seconds that it took without the import of packages.
"""

import sys
import time
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from ai_edge_quantizer import quantizer, recipe


class Samples:
    """Inputs read one by one; the quantizer goes through them more than once."""

    def __init__(self, path, name, shape):
        self.path, self.name, self.shape = path, name, shape
        self.count = path.stat().st_size // (4 * int(np.prod(shape)))

    def __len__(self):
        return self.count

    def __iter__(self):
        with self.path.open("rb") as file:
            for _ in range(self.count):
                values = np.fromfile(file, np.float32, int(np.prod(self.shape)))
                yield {self.name: values.reshape(self.shape)}


def main():
    model, calibration, output = sys.argv[1:]
    start = time.perf_counter()
    try:
        interpreter = Interpreter(model)
        [(signature, names)] = interpreter.get_signature_list().items()
        shape = tuple(interpreter.get_input_details()[0]["shape"])
        del interpreter
        job = quantizer.Quantizer(model, recipe.static_wi8_ai8())
        samples = Samples(Path(calibration), names["inputs"][0], shape)
        ranges = job.calibrate({signature: samples}, num_threads=2)
        Path(output).write_bytes(job.quantize(ranges).quantized_model)
    except Exception as error:  # The reason in one last line, for the table.
        sys.exit(f"{type(error).__name__}: {(str(error).strip().splitlines() or [''])[0]}")
    print(time.perf_counter() - start)


if __name__ == "__main__":
    main()
