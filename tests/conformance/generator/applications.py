"""Every network of `keras.applications` that the Keras at hand has.

The inputs are about as small as a network allows. Some have odd sizes, for which padding `same`
differs from even ones.
"""

import functools

from framework import keras
from recipe import add

CLASSES = 10

# Name of the constructor, height and width of the input, whether it wants pixels; the lightest first.
NETWORKS = [
    ("MobileNetV3Small", 64, True),
    ("MobileNetV2", 64, False),
    ("RegNetX002", 64, True),
    ("RegNetY002", 64, True),
    ("MobileNet", 64, False),
    ("RegNetY004", 64, True),
    ("RegNetX004", 64, True),
    ("EfficientNetB0", 64, True),
    ("NASNetMobile", 64, False),
    ("MobileNetV3Large", 75, True),
    ("RegNetY006", 75, True),
    ("RegNetX006", 64, True),
    ("RegNetY008", 64, True),
    ("RegNetX008", 64, True),
    ("EfficientNetV2B0", 64, True),
    ("EfficientNetB1", 75, True),
    ("DenseNet121", 64, False),
    ("EfficientNetV2B1", 75, True),
    ("RegNetX016", 64, True),
    ("EfficientNetB2", 64, True),
    ("EfficientNetV2B2", 64, True),
    ("RegNetY016", 64, True),
    ("EfficientNetB3", 75, True),
    ("DenseNet169", 64, False),
    ("EfficientNetV2B3", 64, True),
    ("RegNetX032", 64, True),
    ("RegNetY032", 64, True),
    ("EfficientNetB4", 64, True),
    ("DenseNet201", 64, False),
    ("RegNetY040", 64, True),
    ("EfficientNetV2S", 64, True),
    ("RegNetX040", 64, True),
    ("Xception", 71, False),
    ("InceptionV3", 75, False),
    ("ResNet50", 64, False),
    ("ResNet50V2", 75, False),
    ("RegNetX064", 64, True),
    ("ConvNeXtTiny", 64, True),
    ("EfficientNetB5", 64, True),
    ("RegNetY064", 64, True),
    ("VGG16", 32, False),
    ("ResNetRS50", 64, True),
    ("VGG19", 32, False),
    ("RegNetY080", 64, True),
    ("RegNetX080", 64, True),
    ("EfficientNetB6", 64, True),
    ("ResNet101", 64, False),
    ("ResNet101V2", 64, False),
    ("RegNetX120", 64, True),
    ("ConvNeXtSmall", 64, True),
    ("RegNetY120", 64, True),
    ("RegNetX160", 64, True),
    ("EfficientNetV2M", 64, True),
    ("InceptionResNetV2", 75, False),
    ("ResNet152", 64, False),
    ("ResNet152V2", 64, False),
    ("ResNetRS101", 64, True),
    ("EfficientNetB7", 64, True),
    ("RegNetY160", 64, True),
    ("ResNetRS152", 64, True),
    ("ConvNeXtBase", 64, True),
    ("NASNetLarge", 64, False),
    ("ResNetRS200", 64, True),
    ("RegNetX320", 64, True),
    ("EfficientNetV2L", 64, True),
    ("ResNetRS270", 64, True),
    ("RegNetY320", 64, True),
    ("ResNetRS350", 64, True),
    ("ResNetRS420", 64, True),
    ("ConvNeXtLarge", 64, True),
    ("ConvNeXtXLarge", 64, True),
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
