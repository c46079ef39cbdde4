"""Every network of `keras.applications` that the Keras at hand has.

The inputs are about as small as a network allows. Some have odd sizes, for which padding `same`
differs from even ones.
"""

import functools

from framework import keras
from recipe import add

CLASSES = 10

# Name of the constructor, height and width of the input, whether it wants pixels.
NETWORKS = [
    ("MobileNet", 64, False),
    ("MobileNetV2", 64, False),
    ("MobileNetV3Small", 64, True),
    ("MobileNetV3Large", 75, True),
    ("EfficientNetB0", 64, True),
    ("EfficientNetB1", 75, True),
    ("EfficientNetB2", 64, True),
    ("EfficientNetB3", 75, True),
    ("EfficientNetB4", 64, True),
    ("EfficientNetB5", 64, True),
    ("EfficientNetB6", 64, True),
    ("EfficientNetB7", 64, True),
    ("EfficientNetV2B0", 64, True),
    ("EfficientNetV2B1", 75, True),
    ("EfficientNetV2B2", 64, True),
    ("EfficientNetV2B3", 64, True),
    ("EfficientNetV2S", 64, True),
    ("EfficientNetV2M", 64, True),
    ("EfficientNetV2L", 64, True),
    ("ResNet50", 64, False),
    ("ResNet101", 64, False),
    ("ResNet152", 64, False),
    ("ResNet50V2", 75, False),
    ("ResNet101V2", 64, False),
    ("ResNet152V2", 64, False),
    ("ResNetRS50", 64, True),
    ("ResNetRS101", 64, True),
    ("DenseNet121", 64, False),
    ("DenseNet169", 64, False),
    ("DenseNet201", 64, False),
    ("InceptionV3", 75, False),
    ("InceptionResNetV2", 75, False),
    ("Xception", 71, False),
    ("NASNetMobile", 64, False),
    ("NASNetLarge", 64, False),
    ("VGG16", 32, False),
    ("VGG19", 32, False),
    ("ConvNeXtTiny", 64, True),
    ("ConvNeXtSmall", 64, True),
    ("ConvNeXtBase", 64, True),
    ("ConvNeXtLarge", 64, True),
    ("ConvNeXtXLarge", 64, True),
    ("RegNetX002", 64, True),
    ("RegNetX004", 64, True),
    ("RegNetX016", 64, True),
    ("RegNetY002", 64, True),
    ("RegNetY004", 64, True),
    ("RegNetY016", 64, True),
]

# Variants of a network that its arguments select.
VARIANTS = {
    "MobileNetV3SmallMinimalistic": ("MobileNetV3Small", {"minimalistic": True}),
    "MobileNetNarrowDeep": ("MobileNet", {"alpha": 0.5, "depth_multiplier": 2}),
}


def build(constructor, size, **arguments):
    arguments = {"weights": None, "classes": CLASSES} | arguments
    return constructor(input_shape=(size, size, 3), **arguments)


for name, size, pixels in NETWORKS:
    constructor = getattr(keras.applications, name, None)
    if constructor is None:
        continue
    add(name, functools.partial(build, constructor, size), (size, size, 3), pixels=pixels)
    for variant, (base, arguments) in VARIANTS.items():
        if base == name:
            made = functools.partial(build, constructor, size, **arguments)
            add(variant, made, (size, size, 3), pixels=pixels)
