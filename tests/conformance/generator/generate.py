"""Makes Keras models in every format, with what TensorFlow itself computes from them.

    python generate.py --list
    python generate.py FOLDER MODEL...

`cargo xtask conformance` runs this in environments of its own; see the README beside this folder.
`FOLDER/MODEL` is what `artifacts.py` describes. A model whose manifest bears the hash of the scripts
that made it is kept.
"""

import argparse
import pathlib
import sys
import time

import artifacts
from recipe import RECIPES

# Importing these fills RECIPES.
import applications  # noqa: F401
import operations  # noqa: F401
import single_layers  # noqa: F401
import transfer  # noqa: F401
import transformers  # noqa: F401


def make(name, folder):
    """Says what became of a model: `ready` or `failed`, and a few words."""
    try:
        if artifacts.is_current(folder, RECIPES[name]):
            return "ready", "kept"
        return "ready", artifacts.generate(name, RECIPES[name], folder)
    except Exception as error:
        return "failed", f"{type(error).__name__}: {error}".splitlines()[0]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--list", action="store_true", help="print the names of all models")
    parser.add_argument(
        "--wait", action="store_true", help="after each model wait for a line on standard input"
    )
    parser.add_argument("folder", nargs="?", type=pathlib.Path)
    parser.add_argument("models", nargs="*")
    arguments = parser.parse_args()
    if arguments.list:
        print("\n".join(RECIPES))
        return 0
    failed = False
    for name in arguments.models:
        start = time.monotonic()
        ending, words = make(name, arguments.folder / name)
        failed |= ending == "failed"
        print(f"{name}: {words} ({time.monotonic() - start:.0f} s)", file=sys.stderr, flush=True)
        print(ending, name, words, flush=True)
        if arguments.wait:
            sys.stdin.readline()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
