"""Solvers that run the method's network, against planted patterns, a literal restatement, and hostile checkpoints."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from difreg.errors import DifregError, InputError, NotFoundError, TooFewImagesError
from difreg.registry.detection import correlations
from difreg.registry.sketches import sketch
from difreg.registry.solvers import Solved, correlate, fold_to, folded, paper
from difreg.registry.solvers.imported import read_checkpoint
from difreg.registry.solvers.network import Source, UNet, device_named
from difreg.registry.solvers.paper import contrastive, decide, solve_paper
from difreg.registry.solvers.unet import solve_unet

Array = NDArray[Any]


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def planted(n: int, strength: float, seed: int, side: int = 32) -> Array:
    """(n, 3, side, side) unit-norm noise with ``strength`` times one 8-periodic pattern, the same for all seeds."""
    noise = np.random.default_rng([seed, 7]).normal(size=(n, 3, side, side))
    made = noise + strength * np.tile(truth(8), (1, side // 8, side // 8))
    made -= made.mean((1, 2, 3), keepdims=True)
    unit: Array = made / np.sqrt((made**2).sum((1, 2, 3), keepdims=True))
    return unit


def truth(canvas: int) -> Array:
    tile = np.random.default_rng(8).normal(size=(3, 8, 8))
    return np.tile(tile - tile.mean(), (1, canvas // 8, canvas // 8))


def cosine(a: Array, b: Array) -> float:
    return float((a * b).sum() / np.linalg.norm(a) / np.linalg.norm(b))


def auc(positive: Array, negative: Array) -> float:
    return float((positive[:, None] > negative[None]).mean())


# Folds and the network


def test_folds_are_the_sketch_for_other_periods() -> None:
    residual = np.random.default_rng(1).normal(size=(3, 128, 128))
    wide, known = folded(residual, 32), sketch(residual)
    assert wide is not None
    assert known is not None
    assert np.allclose(fold_to(wide, 16), known, atol=1e-15)
    assert folded(np.ones((3, 64, 64))) is None


def test_correlation_is_that_of_detection() -> None:
    rng = np.random.default_rng(2)
    tile, sketches = rng.normal(size=(3, 16, 16)), rng.normal(size=(4, 3, 16, 16)) / 1000
    assert np.allclose(correlate(tile, sketches), correlations(tile[None] - tile.mean(), sketches)[0])


@pytest.mark.parametrize("circular", [False, True])
def test_the_network_is_the_papers(circular: bool) -> None:
    network = UNet(circular=circular)
    assert sum(p.numel() for p in network.parameters()) == 3_705_667
    assert network(torch.rand(1, 16, 48, 32)).shape == (1, 3, 48, 32)


def test_circular_padding_makes_the_canvas_a_period() -> None:
    network = UNet(circular=True)
    noise = torch.rand(1, 16, 64, 64)
    with torch.no_grad():
        assert torch.allclose(network(noise.roll(16, 3)), network(noise).roll(16, 3), atol=1e-4)
        network = UNet()
        assert not torch.allclose(network(noise.roll(16, 3)), network(noise).roll(16, 3), atol=1e-4)


def test_the_callers_randomness_is_left_alone() -> None:
    torch.manual_seed(3)
    expected = torch.rand(3)
    torch.manual_seed(3)
    Source(32, 0, torch.device("cpu"))()
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize("name", ["nonsense", "meta", "cuda:99"])
def test_devices_that_are_not_there_are_refused(name: str) -> None:
    with pytest.raises(InputError, match=r"device|supported"):
        device_named(name)


# unet


def test_unet_recovers_a_planted_pattern_and_separates_new_images() -> None:
    solved = solve_unet(planted(20, 0.3, 1), planted(20, 0, 2))
    assert (solved.solver, solved.canvas, solved.seed, solved.steps) == ("unet", 32, 0, 100)
    assert solved.array.dtype == np.float32
    assert np.linalg.norm(solved.array) == pytest.approx(1, abs=1e-6)
    assert cosine(fold_to(solved.array, 8), truth(8)) > 0.9
    new, photographs = planted(30, 0.3, 3), planted(30, 0, 4)
    assert auc(correlate(solved.array, new), correlate(solved.array, photographs)) > 0.95
    assert solved.losses[-1] < -0.1 < solved.losses[0]  # minus the gap
    assert solved.facts["mu_fake"] > solved.facts["mu_real"] + 0.1
    assert (solved.facts["n_fake"], solved.facts["n_real"], solved.facts["device"]) == (20, 20, "cpu")


def test_unet_is_repeatable_and_needs_only_the_photographs_mean() -> None:
    fakes, reals = planted(4, 0.3, 1), planted(5, 0, 2)
    torch.manual_seed(1)
    one = solve_unet(fakes, reals, steps=6)
    torch.manual_seed(2)
    two = solve_unet(fakes, reals, steps=6)
    other = solve_unet(fakes, reals, steps=6, seed=1)
    mean = solve_unet(fakes, reals.mean(0), steps=6)
    assert one.array.tobytes() == two.array.tobytes() == mean.array.tobytes()
    assert one.losses == two.losses
    assert one.array.tobytes() != other.array.tobytes()
    assert mean.facts["n_real"] == 0
    assert mean.facts["mu_real"] == pytest.approx(one.facts["mu_real"])


def test_unet_is_aligned_after_one_step() -> None:
    fakes, reals = planted(4, 0.3, 1), planted(5, 0, 2)
    for a, b in ((fakes, reals), (reals, fakes)):
        facts = solve_unet(a, b, steps=1).facts
        assert facts["mu_fake"] > facts["mu_real"]


def test_unet_keeps_the_step_that_is_best_on_held_out_images() -> None:
    fakes, reals = planted(4, 0.2, 1), planted(4, 0, 2)
    # Held-out images that look the other way round: the less is learnt, the better.
    contrary = reals, fakes
    kept, last = solve_unet(fakes, reals, steps=12, held_out=contrary), solve_unet(fakes, reals, steps=12)
    assert kept.steps < 12
    assert len(kept.losses) == 12
    assert kept.array.tobytes() == solve_unet(fakes, reals, steps=kept.steps).array.tobytes()
    gaps = [correlate(s.array, reals).mean() - correlate(s.array, fakes).mean() for s in (kept, last)]
    assert gaps[0] > gaps[1]
    assert kept.facts["held_out_gap"] == pytest.approx(gaps[0])
    # Held-out images that agree: the last step.
    assert solve_unet(fakes, reals, steps=12, held_out=(fakes, reals)).array.tobytes() == last.array.tobytes()


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"canvas": 40}, InputError),
        ({"canvas": 16}, InputError),
        ({"canvas": 64}, InputError),
        ({"steps": 0}, InputError),
        ({"device": "nonsense"}, InputError),
        ({"fakes": planted(1, 0, 1)}, TooFewImagesError),
        ({"reals": planted(0, 0, 1)}, TooFewImagesError),
        ({"reals": planted(3, 0, 1)[:, :1]}, InputError),
        ({"reals": planted(2, 0, 1)}, InputError),
        ({"fakes": planted(2, 0, 1) * np.nan}, InputError),
        ({"held_out": (planted(2, 0, 1), planted(2, 0, 1, side=64))}, InputError),
    ],
)
def test_unet_refuses(change: dict[str, Any], error: type[DifregError]) -> None:
    given: dict[str, Any] = {"fakes": planted(2, 0, 1), "reals": planted(2, 0, 2), "steps": 1} | change
    with pytest.raises(error) as caught:
        solve_unet(given.pop("fakes"), given.pop("reals"), **given)
    assert caught.value.hint


# paper


def restated(fakes: Array, reals: Array, steps: int, seed: int, canvas: int) -> tuple[list[float], Array]:
    """The published losses and fingerprint, image by image and in double precision after the network."""
    torch.manual_seed(seed)
    network = UNet().train()
    draws = torch.Generator().manual_seed(seed)
    optimiser = torch.optim.AdamW(network.parameters(), lr=5e-4)
    noise = 0.1 * torch.rand((1, 16, canvas, canvas), generator=draws)
    images = [torch.tensor(x, dtype=torch.float64) for x in (*fakes, *reals)]
    generated = [True] * len(fakes) + [False] * len(reals)
    losses, fingerprint = [], None

    def standardised(x: torch.Tensor) -> torch.Tensor:
        return (x - x.mean()) / (x.std() + 1e-8)

    for _ in range(steps):
        order = torch.randperm(len(images), generator=draws).tolist()
        half = len(order) // 2
        output = network(noise + 0.03 * torch.randn(noise.shape, generator=draws))[0]
        rho = [(standardised(output.double()) * standardised(images[k])).mean() for k in order]
        total = torch.zeros((), dtype=torch.float64)
        for j in range(half):
            distance = torch.sqrt((rho[j] - rho[half + j]) ** 2)
            s = float(generated[order[j]] != generated[order[half + j]])
            total = total + torch.relu(s * (0.01 - distance) + (1 - s) * distance)
        loss = total / half / 0.01
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
        fingerprint = output.detach() if fingerprint is None else 0.99 * fingerprint + 0.01 * output.detach()
    assert fingerprint is not None
    return losses, fingerprint.numpy()


def test_paper_is_the_published_algorithm(monkeypatch: pytest.MonkeyPatch) -> None:
    # In double precision, because Adam turns the rounding of single precision into per cents within four steps.
    matrix = paper._matrix
    monkeypatch.setattr(paper, "_matrix", lambda *given: matrix(*given).astype(np.float64))
    fakes, reals = 3 * planted(4, 0.3, 1) + 0.2, 50 * planted(6, 0, 2)
    torch.set_default_dtype(torch.float64)
    try:
        losses, fingerprint = restated(fakes, reals, 4, 5, 32)
        solved = solve_paper(fakes, reals, epochs=4, seed=5, canvas=32)
    finally:
        torch.set_default_dtype(torch.float32)
    assert solved.losses == pytest.approx(losses, rel=2e-5)
    assert np.allclose(solved.array, fingerprint * (-1 if solved.facts["flipped"] else 1), atol=1e-4)
    assert solved.steps == 4


def test_contrastive_loss_by_hand() -> None:
    rho = torch.tensor([0.010, 0.004, 0.000, 0.020, 0.001, 0.003])
    labels = torch.tensor([True, True, False, False, True, False])
    # Pairs (0, 3) differ by .010: nothing; (1, 4) are alike and .003 apart; (2, 5) are alike and .003 apart.
    assert float(contrastive(rho, labels)) == pytest.approx((0 + 0.3 + 0.3) / 3, rel=1e-4)
    labels = torch.tensor([True, True, False, False, False, True])
    # Now the last two pairs differ: .007 short of the margin each.
    assert float(contrastive(rho, labels)) == pytest.approx((0 + 0.7 + 0.7) / 3, rel=1e-4)


def test_paper_learns_is_aligned_and_repeatable() -> None:
    fakes, reals = planted(12, 0.6, 1), planted(12, 0, 2)
    seen: list[tuple[int, int, str]] = []
    solved = solve_paper(fakes, reals, epochs=40, canvas=32, progress=lambda *told: seen.append(told))
    assert [told[:2] for told in seen] == [(k + 1, 40) for k in range(40)]
    facts = solved.facts
    assert facts["mu_fake"] - facts["mu_real"] > 0.004
    assert not facts["dead"]
    assert correlate(solved.array, fakes, 32).mean() > correlate(solved.array, reals, 32).mean()
    assert decide(correlate(solved.array, fakes, 32), facts["mu_real"], facts["mu_fake"]).mean() > 0.8
    # The loss does not know which kind is which, so that swapped names give the same pattern with the other sign.
    swapped = solve_paper(list(reals), list(fakes), epochs=40, canvas=32)
    assert swapped.facts["flipped"] is not facts["flipped"]
    assert correlate(swapped.array, reals, 32).mean() > correlate(swapped.array, fakes, 32).mean()
    again = solve_paper(fakes, reals, epochs=2, canvas=32), solve_paper(fakes, reals, epochs=2, canvas=32)
    assert again[0].array.tobytes() == again[1].array.tobytes()


def test_paper_cuts_batches_and_drops_the_odd_image() -> None:
    solved = solve_paper(planted(4, 0, 1), planted(3, 0, 2), epochs=2, batch=4, canvas=32)
    assert (solved.steps, solved.facts["dropped"]) == (4, 1)  # 4 and 2 of 7, twice
    assert np.isfinite(solved.losses).all()
    # A single image is left for the last batch: no pair, no step.
    solved = solve_paper(planted(3, 0, 1), planted(2, 0, 2), epochs=2, batch=4, canvas=32)
    assert solved.steps == 2


def test_decision_is_the_nearer_centre() -> None:
    rho = np.array([-0.02, 0.0, 0.0049, 0.005, 0.0051, 0.03])
    assert decide(rho, 0.0, 0.01).tolist() == [False, False, False, False, True, True]
    assert decide(-rho, 0.0, -0.01).tolist() == [False, False, False, False, True, True]


@pytest.mark.parametrize(
    ("change", "error", "told"),
    [
        ({"batch": 5}, InputError, "Batches of 5"),
        ({"epochs": 0}, InputError, "0 epochs"),
        ({"canvas": 16}, InputError, "canvas of 16"),
        ({"fakes": planted(1, 0, 1)}, TooFewImagesError, "1 generated"),
        ({"reals": planted(1, 0, 1)}, TooFewImagesError, "1 photographs"),
        ({"reals": planted(2, 0, 1, side=64)}, InputError, r"photograph 1 is \(3, 64, 64\)"),
        ({"reals": np.stack([planted(1, 0, 1)[0], np.full((3, 32, 32), 0.1)])}, InputError, "residual: photograph 2"),
        ({"fakes": np.zeros((2, 3, 32, 32)), "names": ("a.png", "b\x1b[31m.png")}, InputError, r"a.png, b.*\.png"),
        ({"fakes": planted(2, 0, 1) * np.inf}, InputError, "generated image 1 is not finite"),
    ],
)
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_paper_refuses(change: dict[str, Any], error: type[DifregError], told: str) -> None:
    given: dict[str, Any] = {"fakes": planted(2, 0, 1), "reals": planted(2, 0, 2), "canvas": 32, "epochs": 1} | change
    with pytest.raises(error, match=told) as caught:
        solve_paper(given.pop("fakes"), given.pop("reals"), **given)
    assert caught.value.hint
    assert "\x1b" not in caught.value.message


# Checkpoints


def checkpoint(**change: object) -> dict[str, object]:
    array = torch.randn(1, 3, 256, 256, generator=torch.Generator().manual_seed(4))
    return {
        "Fingerprint": array,
        "Train Real": [0.5] * 30 + [0.001] * 20,
        "Train Fake": [-0.5] * 30 + [0.013] * 20,
        "Loss": [1.5] * 50,
    } | change


def test_a_checkpoint_is_read(tmp_path: Path) -> None:
    saved = checkpoint()
    torch.save(saved, tmp_path / "chk_0.pt")
    (tmp_path / "train_hypers.pt").write_bytes(b"never opened")
    (tmp_path / "readme.txt").write_text("x")
    read = read_checkpoint(tmp_path)
    assert np.array_equal(read.array, saved["Fingerprint"][0].numpy())  # type: ignore[index]
    assert (read.solver, read.canvas, read.seed, read.steps, len(read.losses)) == ("paper", 256, None, 50, 50)
    assert read.facts["mu_real"] == pytest.approx(0.001)
    assert read.facts["mu_fake"] == pytest.approx(0.013)
    assert read.facts["foreign"] is True
    assert read.facts["flipped"] is False
    assert read_checkpoint(tmp_path / "chk_0.pt").array.tobytes() == read.array.tobytes()


def test_a_checkpoint_is_aligned_and_gaps_in_its_curves_are_left_out(tmp_path: Path) -> None:
    saved = checkpoint(**{"Train Real": [0.0] * 25, "Train Fake": [-0.01] * 24 + [float("nan")]})
    saved["Fingerprint"] = saved["Fingerprint"].repeat(4, 1, 1, 1)[:1]  # type: ignore[attr-defined]  # storage of four
    torch.save(saved, tmp_path / "chk_0.pth")
    read = read_checkpoint(tmp_path)
    assert read.facts["flipped"] is True
    assert read.facts["mu_fake"] == pytest.approx(0.01)
    assert np.array_equal(read.array, -saved["Fingerprint"][0].numpy())  # type: ignore[index]


class Bomb:
    """Touches a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return os.system, (f"touch '{self.path}'",)


def test_no_code_in_a_checkpoint_is_run(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    bombs = {
        "torch.pt": lambda f: torch.save(checkpoint(Loss=Bomb(mark)), f),
        "old.pt": lambda f: torch.save(checkpoint(Loss=Bomb(mark)), f, _use_new_zipfile_serialization=False),
        "plain.pkl": lambda f: f.write_bytes(pickle.dumps(Bomb(mark))),
    }
    for name, write in bombs.items():
        write(tmp_path / name)
        with pytest.raises(InputError, match=r"could run code|no torch archive") as caught:
            read_checkpoint(tmp_path / name)
        assert "\n" not in caught.value.message
        assert caught.value.hint
    assert not mark.exists()
    torch.load(tmp_path / "torch.pt", weights_only=False)  # the bomb is a real one
    assert mark.exists()


def rezipped(source: Path, target: Path, change: Callable[[str, bytes], bytes], method: int) -> None:
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", method) as new:
        for part in old.infolist():
            new.writestr(part.filename, change(part.filename, old.read(part)))


def test_archives_that_lie_about_their_size_are_refused(tmp_path: Path) -> None:
    whole, made = tmp_path / "whole.pt", tmp_path / "made.pt"
    torch.save(checkpoint(), whole)
    lies: dict[str, tuple[Callable[[str, bytes], bytes], int]] = {
        "compressed": (lambda name, data: data, zipfile.ZIP_DEFLATED),
        "damaged|values": (lambda name, data: data[:64] if name.endswith("data/0") else data, zipfile.ZIP_STORED),
        "damaged": (lambda name, data: b"" if name.endswith("data.pkl") else data, zipfile.ZIP_STORED),
    }
    for told, (change, method) in lies.items():
        rezipped(whole, made, change, method)
        with pytest.raises(InputError, match=told):
            read_checkpoint(made)
    with made.open("wb") as file:
        file.truncate(200 << 20)
    with pytest.raises(InputError, match="larger than a checkpoint"):
        read_checkpoint(made)


@pytest.mark.parametrize(
    "change",
    [
        {"Fingerprint": torch.zeros(1, 3, 256, 256)},
        {"Fingerprint": torch.full((1, 3, 256, 256), torch.nan)},
        {"Fingerprint": torch.rand(3, 256, 256)},
        {"Fingerprint": torch.rand(1, 3, 128, 128)},
        {"Fingerprint": torch.rand(1).expand(1 << 20, 3, 1 << 12, 1 << 12)},
        {"Fingerprint": torch.rand(1, 3, 256, 256, dtype=torch.float64)},
        {"Fingerprint": torch.eye(3).to_sparse()},
        {"Fingerprint": [[0.0]]},
        {"Train Real": None},
        {"Train Real": []},
        {"Train Real": [float("nan")]},
        {"Train Fake": ["0.1"]},
        {"Train Fake": [3.0] * 30},
        {"Loss": [float("inf")]},
        {"Train Fake": [0.0025] * 30},  # dead
    ],
)
def test_other_layouts_are_refused(tmp_path: Path, change: dict[str, object]) -> None:
    torch.save(checkpoint(**change), tmp_path / "chk_0.pt")
    with pytest.raises(InputError, match=r"chk_0\.pt") as caught:
        read_checkpoint(tmp_path)
    assert "\n" not in caught.value.message
    assert caught.value.hint


def test_folders_without_one_checkpoint_are_refused(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no folder"):
        read_checkpoint(tmp_path / "missing")
    with pytest.raises(NotFoundError, match="no checkpoint"):
        read_checkpoint(tmp_path)
    for name in ("chk_0.pt", "chk_1.pt"):
        (tmp_path / name).write_bytes(np.random.default_rng(6).bytes(5000))
    with pytest.raises(InputError, match=r"2 checkpoints: chk_0\.pt, chk_1\.pt"):
        read_checkpoint(tmp_path)
    with pytest.raises(InputError, match="no torch archive"):
        read_checkpoint(tmp_path / "chk_0.pt")
    torch.save([1, 2], tmp_path / "chk_0.pt")
    with pytest.raises(InputError, match="no dictionary"):
        read_checkpoint(tmp_path / "chk_0.pt")


def test_torch_is_loaded_only_where_it_is_used() -> None:
    script = (
        "import sys, difreg.registry.solvers, difreg.registry.solvers.imported, difreg.registry.fingerprints\n"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_what_a_solver_found_cannot_be_changed() -> None:
    solved = Solved(np.zeros((3, 32, 32), np.float32), "unet", 32, 0, 1)
    with pytest.raises(AttributeError):
        solved.steps = 2  # type: ignore[misc]
