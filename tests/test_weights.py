"""Weights: what is read of files, the distances a sketch gives, who descends from whom, and a home that keeps them."""

from __future__ import annotations

import json
import pickle
import shutil
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from safetensors.torch import save_file
from sketching import sketch_file

import difreg
from difreg.cli.main import run
from difreg.errors import InputError
from difreg.lineage.ancestry import Facts, infer
from difreg.lineage.heritage import Apart, Bearer, Heir, elder, heirs
from difreg.registry.weights import Weights, distance, from_arrays, measure, read_weights, to_arrays

Array = NDArray[np.float64]
SHAPES = {"conv_in.weight": (24, 8, 3, 3), "mid.weight": (48, 48), "out.weight": (3, 24, 3, 3), "out.bias": (3,)}
SINGLE = float(np.finfo(np.float32).eps) / 2


def decoder(seed: int) -> dict[str, Array]:
    rng = np.random.default_rng(seed)
    return {name: rng.normal(size=shape) for name, shape in SHAPES.items()}


def tuned(start: dict[str, Array], seed: int, rate: float = 0.2) -> dict[str, Array]:
    """Steps that know nothing of where they start, with heavy tails."""
    rng = np.random.default_rng(seed)
    return {name: values + rate * rng.standard_t(3, size=values.shape) for name, values in start.items()}


def weights(arrays: dict[str, Array]) -> Weights:
    return measure({name: (values, "float32", SINGLE) for name, values in arrays.items()})


def keep(path: Path, arrays: dict[str, Array], kind: torch.dtype = torch.float32, prefix: str = "decoder.") -> Path:
    save_file({prefix + n: torch.from_numpy(v.copy()).to(kind) for n, v in arrays.items()}, path)
    return path


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), scale=st.floats(1e-3, 1e3))
def test_the_sketchs_distance_is_within_six_of_its_own_standard_errors(seed: int, scale: float) -> None:
    one = {"w": scale * np.random.default_rng(seed).normal(size=(64, 64)), "v": decoder(seed)["mid.weight"]}
    two = {
        name: values + 0.3 * np.random.default_rng(seed + 1).normal(size=values.shape) for name, values in one.items()
    }
    found = distance(weights(one), weights(two))
    assert found is not None
    total = sum(((one[n] - two[n]) ** 2).sum() for n in one)
    norms = sum((x**2).sum() for side in (one, two) for x in side.values()) / 2
    assert abs(found.relative - np.sqrt(total / norms)) <= 6 * found.error + 1e-6


def test_the_standard_error_is_the_spread_over_projections() -> None:
    """A projection is the name's, so that other names give other projections of the same difference."""
    one, two = decoder(0)["mid.weight"], decoder(1)["mid.weight"]
    found = [distance(weights({f"w{k}": one}), weights({f"w{k}": two})) for k in range(300)]
    told = np.mean([d.error for d in found if d])
    assert np.std([d.relative for d in found if d]) == pytest.approx(told, rel=0.15)
    assert np.mean([d.relative for d in found if d]) == pytest.approx(
        np.linalg.norm(one - two) / np.sqrt((np.linalg.norm(one) ** 2 + np.linalg.norm(two) ** 2) / 2), abs=told / 3
    )


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1000), share=st.floats(0.1, 0.9))
def test_the_sketch_is_linear_so_that_a_merge_lies_between_its_parents(seed: int, share: float) -> None:
    founder = decoder(seed)
    a, b = tuned(founder, seed + 1), tuned(founder, seed + 2)
    merge = {n: share * a[n] + (1 - share) * b[n] for n in a}
    made = {"a": weights(a), "b": weights(b), "m": weights(merge)}
    (heir,) = (h for h in descent(made) if h.name == "m")
    assert {p for (p,) in heir.parents} == {"a", "b"}


def test_the_same_weights_give_the_same_bytes_however_they_are_stored(tmp_path: Path) -> None:
    one, _ = read_weights(keep(tmp_path / "a.safetensors", decoder(3)))
    again = {n: v.astype(np.float32) for n, v in decoder(3).items()}
    assert one.sketch.tobytes() == weights(again).sketch.tobytes()  # type: ignore[arg-type]
    two = from_arrays(*to_arrays(one))
    assert (two.tensors, two.signature, two.norm, two.kurtosis) == (one.tensors, one.signature, one.norm, one.kurtosis)
    # Pinned: another machine, or another difreg, must give these numbers.
    assert weights({"w": np.arange(64.0).reshape(8, 8)}).sketch.tolist() == [-83.0, -53.0, -293.0, 45.0]


def test_what_is_kept_is_a_sixteenth_of_the_weights_at_most() -> None:
    made = weights(decoder(0))
    for tensor in made.matrices:
        assert tensor.width <= max(1, tensor.size // 16)
    assert made.sketch.size == sum(t.width for t in made.tensors)


@pytest.mark.parametrize("kind", [torch.float32, torch.float16, torch.bfloat16, torch.float8_e4m3fn, torch.float64])
@pytest.mark.parametrize("prefix", ["decoder.", "first_stage_model.decoder.", "vae.decoder.", "net.ae.decoder.", ""])
def test_a_file_in_any_precision_under_any_prefix_is_the_same_decoder(
    tmp_path: Path, kind: torch.dtype, prefix: str
) -> None:
    made, first = read_weights(keep(tmp_path / "a.safetensors", decoder(0), kind, prefix))
    assert (first, len(made.tensors)) == (prefix, len(SHAPES))
    apart = distance(made, weights(decoder(0)))
    assert apart is not None
    assert apart.is_copy
    other = distance(made, weights(tuned(decoder(0), 1)))
    assert other is not None
    assert not other.is_copy


def test_only_the_decoder_of_a_whole_checkpoint_is_read(tmp_path: Path) -> None:
    tensors = {f"first_stage_model.decoder.{n}": torch.from_numpy(v) for n, v in decoder(0).items()}
    tensors["model.diffusion_model.in.weight"] = torch.ones(4, 4)
    tensors["first_stage_model.encoder.in.weight"] = torch.ones(4, 4)
    save_file(tensors, tmp_path / "a.safetensors")
    made, prefix = read_weights(tmp_path / "a.safetensors")
    assert (prefix, made.signature) == ("first_stage_model.decoder.", weights(decoder(0)).signature)


COMPVIS = {
    "decoder.mid.block_1.conv1.weight": "decoder.mid_block.resnets.0.conv1.weight",
    "decoder.mid.attn_1.q.weight": "decoder.mid_block.attentions.0.to_q.weight",
    "decoder.mid.attn_1.proj_out.weight": "decoder.mid_block.attentions.0.to_out.0.weight",
    "decoder.mid.block_2.conv1.weight": "decoder.mid_block.resnets.1.conv1.weight",
    "decoder.up.3.block.0.conv1.weight": "decoder.up_blocks.0.resnets.0.conv1.weight",
    "decoder.up.3.upsample.conv.weight": "decoder.up_blocks.0.upsamplers.0.conv.weight",
    "decoder.up.0.block.2.nin_shortcut.weight": "decoder.up_blocks.3.resnets.2.conv_shortcut.weight",
    "decoder.norm_out.weight": "decoder.conv_norm_out.weight",
}


def test_compvis_and_diffusers_names_are_the_same_layers(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    values = {n: torch.from_numpy(rng.normal(size=(16, 16, 1, 1))) for n in COMPVIS}
    save_file(values, tmp_path / "compvis.safetensors")
    renamed = {COMPVIS[n]: v[:, :, 0, 0] if ".attn_" in n else v for n, v in values.items()}
    save_file({n: v.contiguous() for n, v in renamed.items()}, tmp_path / "diffusers.safetensors")
    one, two = (read_weights(tmp_path / f"{n}.safetensors")[0] for n in ("compvis", "diffusers"))
    assert one.signature == two.signature
    assert one.sketch.tobytes() == two.sketch.tobytes()


def broken(path: Path, header: dict[str, Any], data: bytes = b"") -> Path:
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)
    return path


HUGE = {"decoder.w": {"dtype": "F32", "shape": [1 << 40, 1 << 20], "data_offsets": [0, 16]}}
OVERLAP = {n: {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]} for n in ("decoder.a", "decoder.b")}


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda p: p.write_bytes(b""), "no well-formed safetensors"),
        (lambda p: p.write_bytes(b"\xff" * 64), "no well-formed safetensors"),
        (lambda p: p.write_bytes(struct.pack("<Q", 1 << 60) + b"{}"), "no well-formed safetensors"),
        (lambda p: broken(p, HUGE, bytes(16)), "no well-formed safetensors"),
        (lambda p: broken(p, OVERLAP, bytes(16)), "no well-formed safetensors"),
        (lambda p: broken(p, {}), "no weights of a decoder"),
        (lambda p: save_file({"decoder.w": torch.ones(4, 4, dtype=torch.int64)}, p), "no weights of a decoder"),
        (lambda p: save_file({"decoder.b": torch.ones(4)}, p), "no weights of a decoder"),
        (lambda p: save_file({"decoder.w": torch.zeros(4, 4)}, p), "no weights of a decoder"),
        (lambda p: save_file({"decoder.w": torch.full((4, 4), torch.nan)}, p), "no finite numbers"),
        (lambda p: save_file({"decoder.w": torch.full((4, 4), torch.inf)}, p), "no finite numbers"),
        (lambda p: p.write_bytes(pickle.dumps({"decoder.w": [1.0]})), "is a pickle"),
        (lambda p: torch.save({"decoder.w": torch.ones(4, 4)}, p), "is a pickle"),
        (lambda p: p.mkdir(), "not a regular file"),
        (lambda p: None, "cannot be read"),
    ],
)
def test_what_is_no_decoder_is_refused_in_one_sentence_with_the_fix(
    tmp_path: Path, make: Callable[[Path], object], told: str
) -> None:
    make(tmp_path / "a.safetensors")
    with pytest.raises(InputError, match=told) as error:
        read_weights(tmp_path / "a.safetensors")
    assert "\n" not in error.value.message
    assert error.value.hint


def test_a_pickle_is_never_run(tmp_path: Path) -> None:
    class Hostile:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.touch, (tmp_path / "ran",))

    for name in ("a.ckpt", "a.safetensors"):
        (tmp_path / name).write_bytes(pickle.dumps(Hostile()))
        with pytest.raises(InputError, match="pickle"):
            read_weights(tmp_path / name)
    assert not (tmp_path / "ran").exists()


def descent(made: dict[str, Weights]) -> list[Heir]:
    apart = {}
    for a in made:
        for b in made:
            if a < b and (found := distance(made[a], made[b])):
                apart[frozenset((a, b))] = Apart(found.relative, found.error, found.rounding)
    return heirs([Bearer(n, w.norm, w.kurtosis) for n, w in made.items()], apart)


def test_a_chain_and_its_siblings_hang_by_their_nearest_elder() -> None:
    founder = decoder(0)
    child = tuned(founder, 1, 0.3)
    made = {"f": founder, "c": child, "g": tuned(child, 2, 0.3), "s": tuned(founder, 3, 0.3), "stranger": decoder(9)}
    found = {h.name: h.parents for h in descent({n: weights(v) for n, v in made.items()})}
    assert found == {"c": (("f",),), "g": (("c",),), "s": (("f",),)}


def test_copies_are_told_from_tuned_ones_and_have_no_elder() -> None:
    founder = decoder(0)
    made = {"f": weights(founder), "copy": weights(founder), "c": weights(tuned(founder, 1))}
    found = {h.name: h.parents for h in descent(made)}
    assert found == {"c": (("copy", "f"),)}


def test_signs_that_disagree_leave_the_pair_undirected() -> None:
    assert elder(Bearer("a", 1, 3), Bearer("b", 2, 4)) == Bearer("a", 1, 3)
    assert elder(Bearer("a", 1, 4), Bearer("b", 2, 3)) is None
    assert elder(Bearer("a", 1, float("nan")), Bearer("b", 2, 3)) is None


def fact(name: str, **more: Any) -> Facts:
    return Facts(name, observed=True, base=more.pop("base", False), parents=more.pop("parents", ()), family="k", **more)


def steps(*facts: Facts) -> dict[str, tuple[str, str]]:
    told = [Heir("c", (("f",),), 0.2)]
    return {d.child: (d.parent, d.direction) for d in infer(facts, {}, told) if d.child == "c"}


def test_weights_direct_what_nothing_else_does() -> None:
    assert steps(fact("c"), fact("f")) == {"c": ("f", "weights")}


def test_declarations_and_dates_are_stronger_than_weights() -> None:
    from datetime import date

    assert steps(fact("c", base=True), fact("f")) == {}
    assert steps(fact("c", parents=(("x", "fine-tune"),)), fact("f"), fact("x"))["c"] == ("x", "declared")
    assert steps(fact("c"), fact("f", base=True))["c"] == ("f", "declared")
    late, early = date(2024, 1, 1), date(2022, 1, 1)
    assert "weights" not in str(steps(fact("c", released=early), fact("f", not_before=late)))
    dated = steps(fact("c", not_before=late), fact("f"), fact("g", released=early))
    assert dated == {"c": ("g", "dates")}


def test_weights_close_no_ring_with_what_is_declared() -> None:
    assert steps(fact("c"), fact("f", parents=(("c", "fine-tune"),))) == {}


def test_a_home_keeps_compares_and_directs_weights(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def ask(*arguments: str) -> dict[str, Any]:
        capsys.readouterr()
        assert run([*arguments, "--format", "json", "-q"]) == 0
        answer: dict[str, Any] = json.loads(capsys.readouterr().out)
        return answer

    sets = {name: str(sketch_file(tmp_path / "s", 1, first=12 * k)) for k, name in enumerate(("old", "new"))}
    founder = decoder(0)
    files = {
        "old": str(keep(tmp_path / "old.safetensors", founder)),
        "new": str(keep(tmp_path / "new.safetensors", tuned(founder, 1), torch.float16, "vae.decoder.")),
    }
    ask("add", "old", sets["old"])
    assert ask("add", "old", sets["old"], "--weights", files["old"], "--dry-run")["weights"]["tensors"] == 4
    assert ask("show", "old")["versions"][0]["weights"] is None
    attached = ask("add", "old", sets["old"], "--weights", files["old"])
    assert (attached["created"], attached["version"], attached["weights"]["kin"]) == (False, 1, [])
    added = ask("add", "new", sets["new"], "--weights", files["new"])
    (kin,) = added["weights"]["kin"]
    assert (kin["generator"], kin["elder"], kin["same"]) == ("old", "old", False)
    assert added["weights"]["decoder"] == "vae.decoder."
    told = ask("compare", "old", "new")["weights"]
    assert (told["kin"], told["elder"], told["distance"]) == (True, "old", kin["distance"])
    asked = "MATCH (a)-[d:DERIVED_FROM]->(b) RETURN a.name AS child, b.name AS parent, d.direction AS direction"
    (row,) = ask("query", asked)["rows"]
    assert row == {"child": "new", "parent": "old", "direction": "weights"}
    ask("rename", "old", "older")
    assert ask("compare", "older", "new")["weights"]["elder"] == "older"
    ask("add", "new", str(sketch_file(tmp_path / "s", 1, first=40)), "--append")
    assert ask("compare", "older", "new:2")["weights"] == {
        **told,
        "elder": "older",
        "text": told["text"].replace("old", "older"),
    }
    assert ask("verify")["problems"] == []
    assert ask("doctor")["problems"] == []


def blob(home: Path, digest: str) -> Path:
    return home / "blobs" / digest[:2] / f"{digest}.safetensors"


def test_verify_tells_what_is_lost_and_purge_deletes_it(home: Path, tmp_path: Path) -> None:
    file = keep(tmp_path / "a.safetensors", decoder(0))
    with difreg.open(home) as registry:
        made = registry.add("a", [sketch_file(tmp_path, 1)], weights=file)
        assert made.weights is not None
        path = blob(home, made.weights.digest)
        shutil.move(path, tmp_path / "aside")
        assert [(p.code, p.subject) for p in registry.verify().problems] == [("missing_blob", "a:1")]
        path.write_bytes(b"x")
        assert [(p.code, p.subject) for p in registry.verify().problems] == [("altered_blob", "a:1")]
        again = registry.add("a", [sketch_file(tmp_path, 1)], weights=file)
        assert again.weights is not None
        assert registry.verify().problems == ()
        other = registry.add("b", [sketch_file(tmp_path, 2)], weights=file)
        registry.remove("a", purge=True)
        assert path.exists()  # b needs it
        assert other.weights is not None
        registry.remove("b", purge=True)
        assert not path.exists()


def test_other_weights_take_the_place_of_those_there_were(home: Path, tmp_path: Path) -> None:
    images = [sketch_file(tmp_path, 1)]
    with difreg.open(home) as registry:
        registry.add("a", images, weights=keep(tmp_path / "a.safetensors", decoder(0)))
        registry.add("b", [sketch_file(tmp_path, 2)], weights=keep(tmp_path / "b.safetensors", tuned(decoder(0), 1)))
        before = registry.show("b").versions[0].weights
        registry.add("a", images, weights=keep(tmp_path / "c.safetensors", decoder(5)))
        after = registry.show("b").versions[0].weights
        assert before is not None
        assert after is not None
        assert [k.generator for k in before.kin] == ["a"]
        assert after.kin == ()
        assert registry.compare("a", "b").weights is not None
        assert registry.compare("a", "b").weights.kin is False  # type: ignore[union-attr]
