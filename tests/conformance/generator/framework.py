"""The Keras that the models are made with, and what differs between its generations."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")

import absl.logging
import keras
import tensorflow as tf

absl.logging.set_verbosity("error")
tf.get_logger().setLevel("ERROR")

KERAS3 = keras.__version__.startswith("3.")
LAYERS = keras.layers


def set_policy(policy):
    """Sets the precision of the layers made from now on."""
    if KERAS3:
        keras.config.set_dtype_policy(policy)
    else:
        keras.mixed_precision.set_global_policy(policy)


def variable_name(variable):
    return variable.path if KERAS3 else variable.name


def leaves(model):
    """All layers that are not models themselves, nested ones included, in order."""
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from leaves(layer)
        else:
            yield layer
