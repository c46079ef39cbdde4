"""What there is to make: every model is a recipe, listed by its name."""

import dataclasses
import inspect
import pathlib
from typing import Callable

from framework import KERAS3

EVERY_FORMAT = ("h5", "keras", "saved_model")


@dataclasses.dataclass(frozen=True)
class Recipe:
    """A model and how it is fed.

    `build` makes the model without caring for its weights. Images have values from 0 to 255 where
    `pixels` is set, from -1 to 1 otherwise. `policy` is the precision that the model is saved with.
    """

    build: Callable
    input_shape: tuple
    pixels: bool
    formats: tuple
    policy: str
    module: pathlib.Path


RECIPES = {}


def add(name, build, input_shape, *, pixels=False, formats=EVERY_FORMAT, policy="float32"):
    module = pathlib.Path(inspect.getfile(inspect.stack()[1].frame))
    if name in RECIPES:
        raise ValueError(f"there are two models called {name}")
    RECIPES[name] = Recipe(build, input_shape, pixels, formats, policy, module)


def recipe(input_shape, *, only=None, **settings):
    """Adds the decorated function as a recipe; `only` names the Keras it is for: 2 or 3."""

    def decorate(build):
        if only is None or (only == 3) == KERAS3:
            name = build.__name__
            module = pathlib.Path(inspect.getfile(build))
            settings_ = {"pixels": False, "formats": EVERY_FORMAT, "policy": "float32"} | settings
            RECIPES[name] = Recipe(build, input_shape, module=module, **settings_)
        return build

    return decorate
