"""The whole area of an image: all its complete tiles, and what stays as it is for the centre crop."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from painting import paint
from PIL import Image

import difreg
from difreg import Registry
from difreg.cli.main import run
from difreg.errors import IncompatibleError, InputError
from difreg.registry import denoisers
from difreg.registry.background import get
from difreg.registry.detection import leave_one_out
from difreg.registry.extraction import extract
from difreg.registry.fingerprints import lattice_array, solve_lattice
from difreg.registry.images import MOST_TILES, open_crop
from difreg.registry.profiles import from_arrays, profile_of, to_arrays
from difreg.registry.sketches import sketch


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six images of 560 x 800 pixels, two of 300 x 300, and four of another generator."""
    root = tmp_path_factory.mktemp("large")
    for name, pattern, n, size in (("a", 3, 6, (560, 800)), ("small", 3, 2, (300, 300)), ("b", 4, 4, (512, 512))):
        (root / name).mkdir()
        for k in range(n):
            Image.fromarray(paint(100 * len(name) + k, pattern, size, 1.0)).save(root / name / f"{name}{k}.png")
    return root


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    with difreg.open(tmp_path / "home") as opened:
        yield opened


def test_tiles_cover_the_centre_on_the_grid(large: Path) -> None:
    path = large / "a" / "a0.png"
    pixels = np.asarray(Image.open(path))
    whole, crop = open_crop(path, "whole"), open_crop(path)
    assert len(whole.tiles) == 3 * 2
    left, top = (560 - 512) // 2 // 16 * 16, (800 - 768) // 2 // 16 * 16
    for k, tile in enumerate(whole.tiles):
        y, x = top + k // 2 * 256, left + k % 2 * 256
        assert np.array_equal(tile, pixels[y : y + 256, x : x + 256])
    assert whole.content == crop.content == hashlib.sha256(crop.pixels.tobytes()).hexdigest()


def test_an_image_of_one_tile_is_the_same_in_both_areas(large: Path) -> None:
    one, two = extract([large / "small"]), extract([large / "small"], area="whole")
    assert np.array_equal(one.sketches, two.sketches)
    assert one.tiles is None
    assert np.array_equal(two.tiles, [1, 1])


def test_a_sketch_of_the_whole_is_the_mean_of_its_tiles(large: Path) -> None:
    path = large / "a" / "a0.png"
    found = extract([path], area="whole", canvas=32)
    made = [sketch(denoisers.get().residual(tile)) for tile in open_crop(path, "whole").tiles]
    assert np.allclose(found.sketches[0], np.mean(made, 0), atol=1e-5)
    assert found.tiles is not None
    assert found.tiles[0] == 6
    assert found.folds is not None
    assert np.allclose(found.folds[0].reshape(3, 2, 16, 2, 16).mean((1, 3)), found.sketches[0], atol=1e-5)


def test_tiles_are_capped_and_flat_ones_left_out(tmp_path: Path) -> None:
    wide = np.full((2304, 2304, 3), 90, np.uint8)
    wide[:256] = paint(1, 1, (2304, 256))
    Image.fromarray(wide).save(tmp_path / "x.png")
    tiles = open_crop(tmp_path / "x.png", "whole").tiles
    assert 0 < len(tiles) < 9
    Image.fromarray(paint(1, 1, (2304, 2304))).save(tmp_path / "y.png")
    assert len(open_crop(tmp_path / "y.png", "whole").tiles) == MOST_TILES


def test_detection_weighs_by_tiles_and_kinship_does_not() -> None:
    rng = np.random.default_rng(3)
    sketches, tiles = rng.normal(size=(5, 3, 16, 16)) / 100, np.array([1.0, 4, 6, 1, 2])
    background = get()
    repeated = np.repeat(sketches, tiles.astype(int), 0)
    weighed = solve_lattice(sketches, background, tiles)
    assert np.allclose(weighed.array, lattice_array(repeated, background.photo_mean))
    assert np.array_equal(weighed.template.direction, solve_lattice(sketches, background).template.direction)
    left = np.average(sketches[1:], axis=0, weights=tiles[1:]) - background.photo_mean
    matched = background.noise.matched(left)
    expected = 16 * (matched * sketches[0]).sum() / np.linalg.norm(matched)
    mean, noise = background.photo_mean, background.noise
    assert leave_one_out(sketches, mean, noise, tiles)[0] == pytest.approx(expected)
    assert np.allclose(leave_one_out(sketches, mean, noise, np.full(5, 3.0)), leave_one_out(sketches, mean, noise))


def test_the_area_makes_another_version_and_comes_back(large: Path, registry: Registry) -> None:
    crop = registry.add("a", [large / "a"])
    whole = registry.add("a", [large / "a"], area="whole")
    assert (crop.version, whole.version) == (1, 2)
    assert registry.add("a", [large / "a"], area="whole").created is False
    found = extract([large / "a"], area="whole")
    made = profile_of(found, get(), "a")
    again = from_arrays("a", 2, to_arrays(made), get())
    assert np.array_equal(again.fingerprint.array, made.fingerprint.array)
    assert again.settings == {"area": "whole"}
    assert whole.quality.reliability > crop.quality.reliability


def test_trace_and_detect_look_at_the_whole(large: Path, registry: Registry, tmp_path: Path) -> None:
    half = sorted((large / "a").iterdir())
    registry.add("a", half[:3], area="whole")
    traced, cropped = (registry.trace(half[3:], area=area) for area in ("whole", "crop"))
    assert traced.verdict == "kin"
    assert traced.reliability > cropped.reliability
    for image in registry.detect(half[3:], area="whole").images:
        assert image.generator == "a"
    registry.sketch(half[3:], tmp_path / "q.sketch", area="whole")
    assert registry.trace([tmp_path / "q.sketch"], area="whole").candidates == traced.candidates
    with pytest.raises(IncompatibleError, match="--area whole") as caught:
        registry.trace([tmp_path / "q.sketch"])
    assert "--area whole" in caught.value.hint
    with pytest.raises(InputError):
        registry.detect(half, area="half")


def test_append_keeps_to_the_area(large: Path, registry: Registry) -> None:
    half = sorted((large / "a").iterdir())
    registry.add("a", half[:3], area="whole")
    with pytest.raises(InputError, match="--area whole"):
        registry.add("a", half[3:], append=True)
    grown = registry.add("a", half[3:], append=True, area="whole")
    assert grown.version == 2
    with difreg.open(registry.settings.home.parent / "other") as other:
        assert other.add("a", half, area="whole").digest == grown.digest


def test_a_picture_on_both_sides_is_seen_whatever_the_area(large: Path, registry: Registry) -> None:
    registry.add("a", [large / "a"], area="whole")
    assert registry.add("same", [large / "a"]).kin == ()


def test_unet_takes_the_whole_too(large: Path, registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    from functools import partial

    from difreg.registry.solvers import unet

    monkeypatch.setattr(unet, "solve_unet", partial(unet.solve_unet, steps=10))
    assert registry.add("a", [large / "a"], area="whole", solver="unet").quality.separation > 0.9


def test_the_command_line_takes_an_area(
    large: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DIFREG_HOME", str(tmp_path / "home"))
    half = [str(p) for p in sorted((large / "a").iterdir())]
    assert run(["add", "a", *half[:3], "--area", "whole"]) == 0
    assert run(["trace", *half[3:], "--area", "whole"]) == 0
    assert run(["detect", *half[3:], "--area", "whole"]) == 0
    assert run(["sketch", *half[3:], "-o", str(tmp_path / "x.sketch"), "--area", "whole"]) == 0
    assert run(["trace", str(tmp_path / "x.sketch"), "--area", "whole"]) == 0
    assert capsys.readouterr().out.count("Generator a") == 2
