"""Images cropped off the pixel grid or mirrored: what a search over the phases finds, and what it makes up.

A crop begins at row 3 and column 5 and keeps 240 x 240 pixels, denoised anew. The source of the set that is asked about
is left out of the whitening, the panel and the calibration; of the images asked about none is registered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.intervals import crossed
from benchmarks.kinship import Bench, families_once, named, related
from difreg.lineage.background_builder import gather
from difreg.lineage.detecting import detect
from difreg.lineage.labelled import KIN_FAMILY
from difreg.lineage.tracing import trace
from difreg.registry import denoisers
from difreg.registry.detection import correlations
from difreg.registry.extraction import ImageSet
from difreg.registry.images import open_crop
from difreg.registry.parallel import run
from difreg.registry.phases import Phase, best_correlations
from difreg.registry.profiles import Profile, profile
from difreg.registry.sketches import sketch

Array = NDArray[np.float64]
DY, DX, KEPT = 3, 5, 240
IMAGES = 8
DRAWS = 3
CHANGES: dict[str, Phase] = {"none": Phase(0, 0), "crop": Phase(DY, DX), "mirror": Phase(0, 0, mirrored=True)}
_OTHER = [c for c in CHANGES if c != "none"]


def figures(zoo: Path, denoiser: str, seed: int) -> Iterator[dict[str, Any]]:
    """Sets that share a phase, strangers and photographs; then single images."""
    bench = Bench(gather(zoo, denoiser=denoiser))
    sets = {**bench.material.generators, "photographs": bench.material.test}
    changed = {
        "none": {name: images.sketches for name, images in sets.items()},
        **{c: dict(zip(sets, run(_change, [(s, c, denoiser) for s in sets.values()]), strict=True)) for c in _OTHER},
    }
    for change, phase in CHANGES.items():
        yield {"measure": "phase, sets", "change": change, **_sets(bench, changed[change], phase, seed)}
    yield from _aucs(bench, changed)
    for change in CHANGES:
        yield {"measure": "phase, detect", "change": change, **_detected(bench, changed[change])}


def _change(images: ImageSet, change: str, denoiser: str) -> Array:
    noise = denoisers.get(denoiser).residual
    out = []
    for image in images.images:
        pixels = open_crop(Path(image.file)).pixels
        part = pixels[:, ::-1] if change == "mirror" else pixels[DY : DY + KEPT, DX : DX + KEPT]
        made = sketch(noise(np.ascontiguousarray(part)))
        out.append(np.zeros((3, 16, 16)) if made is None else made)
    return np.stack(out)


def _sets(bench: Bench, sketches: Mapping[str, Array], phase: Phase, seed: int) -> dict[str, Any]:
    """Every lossless set traced in turn, by eight images: with its relatives registered, and with none."""
    rng = np.random.default_rng([seed, IMAGES])
    labels = bench.material.labels
    hits: dict[str, list[list[float]]] = {"right phase": [], "kin": [], "kin without search": []}
    wrong, false, queries, kin_sets, false_sets = 0, 0, 0, [], []
    for name, label in bench.lossless.items():
        background = bench.background(frozenset({label.cluster}))
        everyone = [named(n, s, background) for n, s in bench.material.generators.items() if n != name]
        strangers = [m for m in everyone if not related(label, labels[m.name])]
        kin = label.family == KIN_FAMILY
        rows: list[list[float]] = []
        for _ in range(DRAWS):
            pick = rng.permutation(len(sketches[name]))[:IMAGES]
            query = _profile(bench.material.generators[name], sketches[name], background, pick)
            made_up = _asked(query, strangers, families_once(name, strangers, "none"))
            false, queries = false + (made_up.verdict == "kin"), queries + 1
            false_sets += [name] if made_up.verdict == "kin" else []
            if kin:
                table = families_once(name, everyone, "all")
                homes = {table.get(m.name, m.name) for m in everyone if labels[m.name].family == KIN_FAMILY}
                found, blind = _asked(query, everyone, table), _asked(query, everyone, table, False)
                right = found.verdict == "kin" and found.family in homes
                wrong += found.verdict == "kin" and not right
                place = found.search is not None and found.search.phase == phase
                rows.append([place, right, blind.verdict == "kin" and blind.family in homes])
        if kin:
            kin_sets.append(label.cluster)
            for key, column in zip(hits, np.array(rows).T.tolist(), strict=True):
                hits[key].append(column)
    shares = {}
    for key, values in hits.items():
        table_ = np.array(values)
        shares[key] = {"share": round(float(table_.mean()), 3), "interval": crossed(table_.mean(1)[:, None], kin_sets)}
    return {
        "images": IMAGES,
        "kin_queries": len(kin_sets) * DRAWS,
        **shares,
        "wrong_family": wrong,
        "stranger_queries": queries,
        "false_kin": false,
        "false_kin_sets": sorted(set(false_sets)),
        **_photographs(bench, sketches["photographs"], seed),
    }


def _asked(query: Profile, members: Sequence[Profile], table: Mapping[str, str], search: bool = True) -> Any:
    return trace(query, members, table, doubt=False, search_phase=search)


def _photographs(bench: Bench, sketches: Array, seed: int) -> dict[str, Any]:
    """Draws of photographs, a source at a time, against all generators."""
    background = bench.background(frozenset())
    members = [named(n, s, background) for n, s in bench.material.generators.items()]
    table = families_once("", members, "photographs")
    images = bench.material.test
    sources = np.array([Path(i.file).parent.name for i in images.images])
    rng = np.random.default_rng([seed, IMAGES, 1])
    verdicts = [
        _asked(_profile(images, sketches, background, rng.permutation(rows)[:IMAGES]), members, table).verdict
        for rows in (np.flatnonzero(sources == s) for s in sorted(set(sources)))
        for _ in range(DRAWS)
    ]
    return {"photograph_queries": len(verdicts), "photographs_kin": verdicts.count("kin")}


def _aucs(bench: Bench, changed: Mapping[str, Mapping[str, Array]]) -> Iterator[dict[str, Any]]:
    """AUC of single images against photographs, under the fingerprint of the others of their set as they are."""
    background = bench.background(frozenset())
    ways: dict[str, tuple[str, Callable[[Array, Array], Array]]] = {
        "as they are": ("none", correlations),
        "as they are, searched": ("none", best_correlations),
        "cropped": ("crop", correlations),
        "cropped, searched": ("crop", best_correlations),
        "mirrored, searched": ("mirror", best_correlations),
    }
    names = list(bench.lossless)
    for which in ("all", KIN_FAMILY):
        chosen = [n for n in names if which in ("all", bench.lossless[n].family)]
        for way, (change, correlate) in ways.items():
            won = np.stack([_won(bench, n, changed[change], background, correlate) for n in chosen])
            yield {
                "measure": "phase, single images",
                "sets": which,
                "images": way,
                "auc": round(float(won.mean()), 3),
                "interval": crossed(won, [bench.lossless[n].cluster for n in chosen]),
                "n": len(chosen) * 20,
            }


def _won(
    bench: Bench, name: str, changed: Mapping[str, Array], background: Any, correlate: Callable[[Array, Array], Array]
) -> Array:
    """(photographs,) share of a set's images that score above each photograph."""
    own = bench.material.generators[name].sketches
    others = (own.sum(0) - own) / (len(own) - 1) - background.photo_mean
    filters = background.noise.matched(others)
    scores = np.array([correlate(f[None], s[None])[0, 0] for f, s in zip(filters, changed[name], strict=True)])
    against = correlate(filters, changed["photographs"])
    out: Array = (scores[:, None] > against).mean(0)
    return out


def _detected(bench: Bench, sketches: Mapping[str, Array]) -> dict[str, Any]:
    """``detect`` with a search of every image, left out of its own set; with its relatives out; of photographs."""
    labels = bench.material.labels
    right = wrong = strangers = total = 0
    for name, label in labels.items():
        background = bench.background(frozenset({label.cluster}))
        members = [named(n, s, background) for n, s in bench.material.generators.items()]
        table = families_once(label.cluster, members, "singles")
        images = bench.material.generators[name]
        query = _profile(images, sketches[name], background, np.arange(len(images)))
        total += len(query)
        for image in detect(query, [""] * len(query), members, table, 0.5, search_phase=True):
            if image.generated and image.generator:
                same = table.get(image.generator, image.generator) == table.get(name, name)
                right, wrong = right + same, wrong + (not same)
        others = [m for m in members if not related(label, labels[m.name])]
        strangers += sum(bool(i.generated) for i in detect(query, [""] * len(query), others, table, 0.5, True))
    background = bench.background(frozenset())
    members = [named(n, s, background) for n, s in bench.material.generators.items()]
    table = families_once("", members, "singles")
    test = bench.material.test
    query = _profile(test, sketches["photographs"], background, np.arange(len(test)))
    photographs = sum(bool(i.generated) for i in detect(query, [""] * len(query), members, table, 0.5, True))
    return {
        "n": total,
        "right_family": right,
        "wrong_family": wrong,
        "attributed_without_relatives": strangers,
        "photographs": len(test),
        "photographs_attributed": photographs,
    }


def _profile(images: ImageSet, sketches: Array, background: Any, rows: NDArray[np.int64]) -> Profile:
    """Some of a set's images, changed; known by what they were, so that no image is compared with itself."""
    contents = tuple(images.images[k].content for k in rows.tolist())
    return profile("query", contents, sketches[rows], background)
