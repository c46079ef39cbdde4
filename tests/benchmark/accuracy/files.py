"""Runs `.tflite` files in TensorFlow's interpreter."""

from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from figures import softmax

CONVERSIONS = {"QUANTIZE", "DEQUANTIZE"}


@dataclass
class Outputs:
    """What a file gives for n pictures."""

    classes: np.ndarray  # [n], those with the largest output
    probabilities: np.ndarray  # [n, classes]
    logits: np.ndarray  # [n, classes], the input of the last softmax


class File:
    """A file whose intermediate tensors can be read."""

    def __init__(self, path):
        self.bytes = path.stat().st_size
        self.interpreter = tf.lite.Interpreter(str(path), num_threads=2, experimental_preserve_all_tensors=True)
        self.interpreter.allocate_tensors()
        self.input = self.interpreter.get_input_details()[0]
        self.output = self.interpreter.get_output_details()[0]
        tensors = {tensor["index"]: tensor for tensor in self.interpreter.get_tensor_details()}
        # Private, but the only way to see operators in Python; the version of the package is pinned.
        operators = self.interpreter._get_ops_details()
        operators = [operator for operator in operators if operator["op_name"] != "DELEGATE"]
        softmax_operators = [operator for operator in operators if operator["op_name"] == "SOFTMAX"]
        self.ends_with_softmax = bool(softmax_operators)
        self.logits = tensors[softmax_operators[-1]["inputs"][0]] if softmax_operators else self.output
        self.float_operators = [
            operator["op_name"]
            for operator in operators
            if operator["op_name"] not in CONVERSIONS
            and any(
                index in tensors and tensors[index]["dtype"] == np.float32
                for index in [*operator["inputs"], *operator["outputs"]]
            )
        ]

    def run(self, pictures):
        outputs, logits = [], []
        for picture in pictures:
            self.interpreter.set_tensor(self.input["index"], quantized(picture[None], self.input))
            self.interpreter.invoke()
            outputs.append(self.real(self.output))
            logits.append(self.real(self.logits))
        outputs, logits = np.stack(outputs), np.stack(logits)
        probabilities = outputs if self.ends_with_softmax else softmax(outputs)
        return Outputs(outputs.argmax(axis=1), probabilities, logits)

    def real(self, tensor):
        values = self.interpreter.get_tensor(tensor["index"]).ravel()
        scale, zero_point = tensor["quantization"]
        return (values.astype(np.float64) - zero_point) * scale if scale else values.astype(np.float64)


def quantized(values, tensor):
    scale, zero_point = tensor["quantization"]
    if not scale:
        return values.astype(tensor["dtype"])
    limits = np.iinfo(tensor["dtype"])
    return np.clip(np.rint(values / scale + zero_point), limits.min, limits.max).astype(tensor["dtype"])
