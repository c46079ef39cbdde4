"""Draws the demo's labelled JPEG pictures: five classes of flowers, every one made by this script alone.

    python -m pip install numpy==1.26.4 pillow==13.0.0
    python draw_pictures.py

writes `dataset/training/<class>/*.jpg` (300 files, for calibration), `dataset/validation/<class>/*.jpg` (200 files)
and `contact_sheet.jpg`, an overview of the validation pictures.
The same versions of the packages give the same bytes. `train_model.py` draws further pictures for training itself.
"""

import argparse
import io
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from drawing.camera import jpeg, photograph
from drawing.scenes import compose

CLASSES = ["daisy", "dandelion", "roses", "sunflowers", "tulips"]
# The first word of a picture's seed: no two sets share a picture.
SETS = {"training": 1, "validation": 2, "learning": 3}
PER_CLASS = {"training": 60, "validation": 40}


def draw_picture(set_name, class_index, index):
    """The JPEG bytes of one picture; set, class and index alone decide what it shows."""
    rng = np.random.default_rng([SETS[set_name], class_index, index])
    longer = int(rng.integers(170, 261))
    shorter = int(max(140, longer * rng.uniform(0.66, 1)))
    size = (longer, shorter) if rng.random() < 0.55 else (shorter, longer)
    return jpeg(rng, photograph(rng, compose(rng, CLASSES[class_index], size)))


def contact_sheet(columns=10, tile=96):
    """A JPEG with one row of square-cut validation pictures for each class."""
    sheet = Image.new("RGB", (columns * tile, len(CLASSES) * tile))
    for row in range(len(CLASSES)):
        for column in range(columns):
            picture = Image.open(io.BytesIO(draw_picture("validation", row, column)))
            sheet.paste(ImageOps.fit(picture, (tile, tile)), (column * tile, row * tile))
    buffer = io.BytesIO()
    sheet.save(buffer, "JPEG", quality=85, optimize=True)
    return buffer.getvalue()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--output", type=Path, default=Path(__file__).parent, help="folder for the files (default: beside this script)"
    )
    output = parser.parse_args().output
    for set_name, count in PER_CLASS.items():
        for class_index, class_name in enumerate(CLASSES):
            folder = output / "dataset" / set_name / class_name
            folder.mkdir(parents=True, exist_ok=True)
            for index in range(count):
                (folder / f"{class_name}_{index:03}.jpg").write_bytes(draw_picture(set_name, class_index, index))
    (output / "contact_sheet.jpg").write_bytes(contact_sheet())
    print(f"wrote {sum(PER_CLASS.values()) * len(CLASSES)} pictures to {output}")


if __name__ == "__main__":
    main()
