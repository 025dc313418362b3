"""The blank-image experiment: repeatable, measured by what it says, judged by a criterion that can fail."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from browsing import needs_chromium, opened

from difreg.cli.main import run
from difreg.errors import InputError
from difreg.lineage.figures.blank import NARROW, WIDE, blank_figure
from difreg.lineage.lab import told
from difreg.registry.solvers.blank import Blank, Snapshot, energy, fit_blank, stride_ratios


@pytest.fixture(scope="module")
def made() -> Blank:
    return fit_blank(size=32, steps=3, seed=1, learning_rate=5e-4)


def test_the_same_seed_gives_the_same_bytes(made: Blank) -> None:
    again = fit_blank(size=32, steps=3, seed=1, learning_rate=5e-4)
    assert again.losses == made.losses
    assert all(np.array_equal(a.output, b.output) for a, b in zip(again.snapshots, made.snapshots, strict=True))
    other = fit_blank(size=32, steps=1, seed=2)
    assert other.losses[0] != made.losses[0]


def test_it_learns_to_be_grey(made: Blank) -> None:
    assert [s.step for s in made.snapshots] == [0, 3]
    assert len(made.losses) == 3
    assert made.losses[-1] < made.losses[0]
    first = told(made).snapshots[0]
    assert made.snapshots[0].loss == pytest.approx(float(((made.snapshots[0].output - 0.5) ** 2).mean()), rel=1e-4)
    assert first.mean_error == pytest.approx(float(np.abs(made.snapshots[0].output - 0.5).mean() * 255), rel=1e-4)
    assert [s.step for s in told(made).means] == [0, 3]


def lattice(stride: int, size: int = 128, strength: float = 0.02) -> np.ndarray:
    """A grey image with noise and a pixel raised in every tile of ``stride``."""
    out = 0.5 + 0.001 * np.random.default_rng(0).normal(size=(3, size, size))
    out[:, ::stride, ::stride] += strength
    return out.astype(np.float32)


@pytest.mark.parametrize("stride", [2, 4, 8, 16])
def test_a_pattern_of_a_stride_is_its_and_that_of_its_divisors(stride: int) -> None:
    ratios = stride_ratios(energy(lattice(stride)))
    assert {s for s, ratio in ratios.items() if ratio > 5} == {s for s in ratios if s <= stride}
    assert all(0.5 < ratio < 2 for s, ratio in ratios.items() if s > stride)


def test_noise_has_no_peaks() -> None:
    assert all(0.3 < r < 2.5 for r in stride_ratios(energy(lattice(16, strength=0))).values())


def test_the_criterion_is_every_pixel_and_every_stride(made: Blank) -> None:
    def judged(output: np.ndarray) -> tuple[bool, bool, bool]:
        answer = told(replace(made, snapshots=(Snapshot(1, 0.0, output),)))
        return answer.fitted, answer.peaked, answer.accepted

    comb = 0.5 + (lattice(16) - 0.5) / 10
    assert judged(comb) == (True, True, True)
    off = comb.copy()
    off[0, 5, 5] += 1.2 / 255
    assert judged(off)[0] is False
    assert judged(lattice(8, strength=0.002))[1:] == (False, False)


@pytest.mark.parametrize("wrong", [{"size": 40}, {"size": 16}, {"size": 2048}, {"steps": 0}, {"learning_rate": 0.0}])
def test_what_cannot_be_used_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(InputError):
        fit_blank(**wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("width", [NARROW, WIDE])
def test_every_snapshot_is_drawn_with_its_spectrum(made: Blank, width: int) -> None:
    figure = blank_figure(told(made), made, width=width)
    assert len(figure.layout.images) == 8
    assert all(i.x >= 0 and i.x + i.sizex <= 1 and i.y - i.sizey >= 0 and i.y <= 1 for i in figure.layout.images)
    (loss,) = [t for t in figure.data if t.meta["kind"] == "loss"]
    assert len(loss.y) == 3
    assert [t.name for t in figure.data if t.meta["kind"] == "stride"] == [f"stride {s}" for s in (2, 4, 8, 16)]
    assert figure.layout.shapes[0].y0 == 5


def test_the_command_answers_and_draws(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["lab", "blank", "--size", "32", "--steps", "2", "-q"]
    assert run([*words, "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["schema"], found["accepted"], len(found["losses"])) == ("difreg/blank", False, 2)
    assert [s["stride"] for s in found["snapshots"][0]["strides"]] == [2, 4, 8, 16]
    assert run([*words, "--format", "csv"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 5
    page = tmp_path / "blank.html"
    assert run([*words, "-o", str(page)]) == 0
    assert "Not accepted: the last output is not within one grey level" in page.read_text("utf-8")
    assert run([*words, "--format", "json", "-o", str(page)]) == 2
    assert run(["lab", "blank", "--size", "33"]) == 2
    assert "multiple of 16" in capsys.readouterr().err


@needs_chromium
def test_the_page_opens_offline(tmp_path: Path, made: Blank) -> None:
    from difreg.lineage.figures.sheets import blank_sheet

    file = tmp_path / "blank.html"
    file.write_text(blank_sheet(told(made), made).page(), "utf-8")
    with opened(file, 420, 800):
        pass
