"""Quantizes the model of a configuration.json with TensorFlow or with Model Compression Toolkit; `compare.py` runs it.

    python peers.py tensorflow|mct configuration.json quantized.tflite

The last line printed is the seconds that it took, decoding included and the import of packages not.
"""

import sys
import time
from pathlib import Path

import tensorflow as tf

from project import Project


def quantize_with_tensorflow(project, output):
    """Full integer post-training quantization."""
    files = project.calibration_files()
    converter = tf.lite.TFLiteConverter.from_keras_model(project.model())
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([project.pictures([file])] for file in files)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    output.write_bytes(converter.convert())


def quantize_with_mct(project, output):
    import model_compression_toolkit as mct

    files = project.calibration_files()
    starts = range(0, len(files), 50)
    model, _ = mct.ptq.keras_post_training_quantization(
        project.model(),
        lambda: ([project.pictures(files[start : start + 50])] for start in starts),
        target_platform_capabilities=mct.get_target_platform_capabilities("1.0", "imx500"),
    )
    mct.exporter.keras_export_model(
        model=model,
        save_model_path=str(output),
        serialization_format=mct.exporter.KerasExportSerializationFormat.TFLITE,
        quantization_format=mct.exporter.QuantizationFormat.INT8,
    )


def main():
    peer, configuration, output = sys.argv[1:]
    quantize = {"tensorflow": quantize_with_tensorflow, "mct": quantize_with_mct}[peer]
    start = time.perf_counter()
    try:
        quantize(Project(Path(configuration)), Path(output))
    except Exception as error:  # The reason in one last line, for the table.
        sys.exit(f"{type(error).__name__}: {(str(error).strip().splitlines() or [''])[0]}")
    print(time.perf_counter() - start)


if __name__ == "__main__":
    main()
