"""Files of a model: in every format, with what TensorFlow itself computes from it.

In the folder of a model lie `model.h5`, `model.keras` and `saved_model`, the files `input.bin`,
`output.bin` and `logits.bin` (little-endian float32, one image behind the other), and
`manifest.json`, which is written last.
"""

import hashlib
import json
import pathlib
import shutil
import zlib

import numpy as np
import weights
from framework import KERAS3, keras, set_policy, tf

HERE = pathlib.Path(__file__).parent

# Images that fit the statistics, and those among them that are compared.
FITTED, COMPARED = 16, 2


def script_hash(recipe):
    digest = hashlib.sha256()
    for path in (HERE / "artifacts.py", HERE / "weights.py", recipe.module):
        digest.update(path.read_bytes())
    digest.update(f"{tf.__version__} {keras.__version__}".encode())
    return digest.hexdigest()


def is_current(folder, recipe):
    try:
        manifest = json.loads((folder / "manifest.json").read_text())
    except (OSError, ValueError):
        return False
    paths = [folder / entry["path"] for entry in manifest["formats"] if "path" in entry]
    return manifest["hash"] == script_hash(recipe) and all(path.exists() for path in paths)


def make(name, recipe):
    """The model to save, its twin in float32, and images."""
    keras.backend.clear_session()
    seed = zlib.crc32(name.encode())
    keras.utils.set_random_seed(seed)
    rng = np.random.default_rng(seed)
    batch = weights.images(recipe.input_shape, FITTED, recipe.pixels, rng)
    twin = recipe.build()
    weights.randomize(twin, rng)
    weights.fit(twin, batch)
    if recipe.policy == "float32":
        return twin, twin, batch
    set_policy(recipe.policy)
    try:
        model = recipe.build()
    finally:
        set_policy("float32")
    model.set_weights(twin.get_weights())
    # Weights that are stored with less precision are compared as they are stored.
    twin.set_weights([np.asarray(value, dtype="float32") for value in model.get_weights()])
    return model, twin, batch


def save(model, folder, kind):
    path = folder / {"h5": "model.h5", "keras": "model.keras"}.get(kind, "saved_model")
    if kind == "saved_model" and KERAS3:
        model.export(path, verbose=False)
    elif kind == "saved_model":
        model.save(path, save_format="tf")
    elif kind == "h5" and not KERAS3:
        model.save(path, save_format="h5")
    else:
        model.save(path)
    return path.name


def save_every_format(model, folder, formats):
    """What was written, and for each format that Keras itself cannot write, why."""
    entries = []
    for kind in formats:
        entry = {"format": kind}
        try:
            entry["path"] = save(model, folder, kind)
        except Exception as error:
            entry["problem"] = f"{type(error).__name__}: {error}".splitlines()[0]
        entries.append(entry)
    return entries


def generate(name, recipe, folder):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    model, twin, batch = make(name, recipe)
    compared = batch[:COMPARED]
    output, logits = weights.run(twin, compared), weights.logits(twin, compared)
    for values in (output, logits):
        if not np.isfinite(values).all():
            raise ValueError(f"{name} computes values that are not finite")
    for stem, values in (("input", compared), ("output", output), ("logits", logits)):
        (folder / f"{stem}.bin").write_bytes(values.astype("<f4").tobytes())
    manifest = {
        "name": name,
        "environment": "keras3" if KERAS3 else "keras2",
        "versions": {"tensorflow": tf.__version__, "keras": keras.__version__},
        "images": COMPARED,
        "input_shape": list(recipe.input_shape),
        "outputs": int(np.prod(output.shape[1:])),
        "parameters": int(model.count_params()),
        "formats": save_every_format(model, folder, recipe.formats),
        "hash": script_hash(recipe),
    }
    scratch = folder / "manifest.json.new"
    scratch.write_text(json.dumps(manifest, indent=1) + "\n")
    scratch.rename(folder / "manifest.json")
    deviations = logits.std(), (logits[0] - logits[1]).std()
    return "spread of the logits %.2f, between images %.2f" % deviations
