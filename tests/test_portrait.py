"""The portrait of a fingerprint: periods named right, borders measured on whole images, and nothing claimed of none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import painting
import pytest
from browsing import SIZES, needs_chromium, opened
from lineage_samples import HOSTILE
from numpy.typing import NDArray
from PIL import Image
from sketching import sketch_file

from difreg.cli.main import run
from difreg.lineage.answers import Provenance
from difreg.lineage.figures.portrait import NARROW, WIDE, portrait_figure
from difreg.lineage.figures.sheets import portrait_sheet
from difreg.lineage.portrait import BorderProfile, Portrait, period, portrait, summarised
from difreg.registry.borders import DEPTH, Border, border

Array = NDArray[np.float64]


def waves(size: int, *periods: int) -> Array:
    """(3, P, P) cosines along the columns, of these periods."""
    x = np.arange(size)
    return np.broadcast_to(sum(np.cos(2 * np.pi * x / p) for p in periods), (3, size, size)).astype(np.float64)


def drawn(name: str = "g", size: int = 16, profile: BorderProfile | None = None) -> Portrait:
    array = waves(size, 2, 8) + 0.01 * np.random.default_rng(0).normal(size=(3, size, size))
    return Portrait(Provenance("0"), name, 2, "lattice", 20, 0.9, 0.99, array, array[:, :16, :16], profile, None)


@pytest.mark.parametrize(
    ("row", "column", "said"), [(8, 0, 2), (8, 8, 2), (4, 8, 4), (-4, 0, 4), (2, 6, 8), (1, 0, 16), (3, 8, 16)]
)
def test_the_period_of_a_frequency(row: int, column: int, said: int) -> None:
    wave = np.cos(2 * np.pi * (row * np.arange(32)[:, None] + column * np.arange(32)[None]) / 16 + 0.3)
    assert np.allclose(wave, np.roll(wave, (said, said), (0, 1)))
    assert np.allclose(wave, np.roll(wave, said, 0))
    assert np.allclose(wave, np.roll(wave, said, 1))
    assert not (np.allclose(wave, np.roll(wave, said // 2, 0)) and np.allclose(wave, np.roll(wave, said // 2, 1)))
    assert period(row, column) == said


@pytest.mark.parametrize("size", [16, 32, 256])
def test_energy_is_told_by_period(size: int) -> None:
    made = Portrait(Provenance("0"), "g", 1, "unet", 20, 0.9, 0.99, waves(size, 2, 8), waves(16, 2, 8))
    # A cosine at the highest frequency has twice the mean square of one below it.
    assert made.shares == pytest.approx({2: 2 / 3, 4: 0, 8: 1 / 3, 16: 0}, abs=1e-9)
    assert sorted(p for *_, p in made.peaks) == [2, 8, 8]
    off = waves(size, 64)
    if size == 256:
        assert sum(Portrait(*_facts(), off, off[:, :16, :16]).shares.values()) == pytest.approx(0, abs=1e-9)


def _facts() -> tuple[Provenance, str, int, str, int, float, float]:
    return Provenance("0"), "g", 1, "paper", 20, 0.9, 0.99


def test_the_units_are_those_of_the_residual() -> None:
    made = painting.made("a", 1, 6)
    found = portrait(made, Provenance("0"))
    assert np.allclose(found.array, made.fingerprint.array * np.sqrt(3 * 256 * 256))
    assert (found.border, found.photographs) == (None, None)


def _identity(pixels: NDArray[np.uint8]) -> Array:
    return np.moveaxis(pixels.astype(np.float64) - 128, 2, 0)


def test_a_frame_shows_at_its_edge_and_its_distance() -> None:
    rng = np.random.default_rng(1)
    pixels = (128 + rng.choice([-2, 2], (320, 2000, 3))).astype(np.uint8)
    pixels[:, -3] = 128 + rng.choice([-20, 20], (320, 3))  # two pixels from the right edge
    found = border(pixels, _identity)
    assert found is not None
    assert found.energy.shape == (4, DEPTH)
    assert found.energy[1, 2] == pytest.approx(100, rel=0.1)
    rest = np.ones((4, DEPTH), bool)
    rest[1, 2] = False
    assert np.allclose(found.energy[rest], 1, atol=0.1)
    assert np.allclose(found.value[rest], 0, atol=0.2)


def test_a_flat_image_has_no_border() -> None:
    assert border(np.full((256, 256, 3), 128, np.uint8), _identity) is None


def test_the_interval_is_over_images() -> None:
    def flat(level: float) -> Border:
        return Border(np.full((4, DEPTH), level), np.zeros((4, DEPTH)))

    found = summarised([flat(1.0), flat(4.0), flat(2.0)], 1)
    assert np.allclose(found.energy, 2)
    assert (found.low < 2).all()
    assert (found.high > 2).all()
    assert (found.n, found.skipped) == (3, 1)
    assert np.isnan(summarised([flat(1.0)]).low).all()


@pytest.mark.parametrize("width", [NARROW, WIDE])
@pytest.mark.parametrize("size", [16, 32, 256])
def test_four_panels(width: int, size: int) -> None:
    figure = portrait_figure(drawn(size=size), width=width)
    assert {t.meta["kind"] for t in figure.data} == {"space", "spectrum", "peaks", "tile"}
    titles = [n.text.split("</b>")[0] for n in figure.layout.annotations if n.text.startswith("<b>")]
    assert titles == ["<b>In space", "<b>Spectrum", "<b>One period", "<b>Border"]
    assert any("not kept" in n.text for n in figure.layout.annotations)
    assert any("±" in n.text for n in figure.layout.annotations)
    told = [h for t in figure.data if t.meta["kind"] == "peaks" for h in t.hovertext]
    assert any("repeats every 8 pixels" in h for h in told)
    assert not any("repeats every 4 pixels" in h for h in told)
    for axis in ("xaxis", "xaxis2", "xaxis3", "xaxis4"):
        low, high = figure.layout[axis].domain
        assert 0 <= low < high <= 1


def test_the_border_is_drawn_with_its_interval_and_n() -> None:
    levels = np.linspace(2, 1, DEPTH)
    figure = portrait_figure(drawn(profile=BorderProfile(6, 0, levels, levels / 2, levels * 2, 0 * levels)))
    (line,) = [t for t in figure.data if t.meta["kind"] == "border"]
    assert "0 pixels from the border" in line.hovertext[0]
    assert "energy 2.00 (95 % 1.00 to 4.00)" in line.hovertext[0]
    assert "n = 6 images" in line.hovertext[0]
    assert not any("not kept" in n.text for n in figure.layout.annotations)


@needs_chromium
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_it_opens_offline(tmp_path: Path, width: int, height: int) -> None:
    text = portrait_sheet(drawn(HOSTILE[0])).page()
    assert "onerror=alert(1)>" not in text
    file = tmp_path / "portrait.html"
    file.write_text(text, "utf-8")
    with opened(file, width, height):
        pass


def test_the_command(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["add", "g", str(sketch_file(tmp_path, 1)), "-q"]) == 0
    images = painting.write_set(tmp_path / "whole", 1, 2, 5)
    Image.fromarray(painting.paint(9, 1, (256, 100))).save(tmp_path / "whole" / "small.png")
    page = tmp_path / "g.html"
    capsys.readouterr()
    assert run(["plot", "fingerprint", "g:1", "-o", str(page), "--images", str(images[0].parent), "-q"]) == 0
    assert "n = 2 images" in page.read_text("utf-8")
    assert "Fingerprint of g:1, version 1" in page.read_text("utf-8")
    for words, said in (
        (["fingerprint"], "Missing argument 'NAME'"),
        (["fingerprint", "g", "h"], "Got unexpected extra argument(s) (h)."),
        (["fingerprint", "nobody"], "nobody"),
        (["fingerprint", str(tmp_path / "whole")], "whole"),
        (["fingerprint", "g", "--images", str(tmp_path / "whole" / "small.png")], "can be measured"),
        (["fingerprint", "g", "--metric", "auc"], "No such option: --metric"),
    ):
        assert run(["plot", *words, "-o", str(tmp_path / "x.html")]) == 2
        told = capsys.readouterr().err
        assert said in told, words
        assert told.count("\n") == 1
        assert not (tmp_path / "x.html").exists()
