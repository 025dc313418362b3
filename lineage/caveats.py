"""What weakens an answer, in words: one :class:`Caveat` a reason, a code for programs and a sentence for people."""

from __future__ import annotations

from collections.abc import Sequence

from difreg.lineage.answers import Agreement, Caveat
from difreg.lineage.confounds import watermark_cosine
from difreg.lineage.histories import history_caveats
from difreg.names import shown, some
from difreg.numerals import count, probability
from difreg.registry.fingerprints import JPEG_FLAG, RELIABLE
from difreg.registry.nuisance import WATERMARKED
from difreg.registry.phases import Phase
from difreg.registry.profiles import Profile
from difreg.registry.solving import Solution
from difreg.registry.whitening import images_needed

COMPRESSED = "compressed"
NOBODY = 0.9  # probability of no relative from which images that may have moved are of nobody without a word


def further_images(made: Profile) -> int | None:
    """Further images for a reliability of one half; three where one image alone tells nothing, None where none is
    missing or too little can be told."""
    n = len(made)
    if made.reliability >= RELIABLE:
        return None
    if n < 2:
        return 3
    total = images_needed(made.reliability, n)
    return None if total is None else max(total - n, 1)


def fingerprint_caveats(made: Profile) -> list[Caveat]:
    """What weakens a fingerprint whoever it is compared with."""
    out = []
    if made.fingerprint.flagged:
        cosine = made.fingerprint.jpeg
        out.append(
            Caveat(
                "jpeg",
                f"the images look JPEG-compressed (cosine {cosine:.2f} with JPEG's own pattern, above {JPEG_FLAG})",
            )
        )
    out += history_caveats(made.histories)
    if made.histories is not None and made.histories.is_compressed:
        text = "half of the images or more were compressed with loss, which hides kinship and makes false likeness"
        out.append(Caveat(COMPRESSED, text))
    cosine = float(watermark_cosine(made.direction, made.background))
    if cosine > WATERMARKED:
        text = f"the images carry the invisible watermark of the first Stable Diffusion scripts (cosine {cosine:.2f}"
        out.append(Caveat("watermark", f"{text} with its own pattern, above {WATERMARKED})"))
    if not made.reliability >= RELIABLE:
        needed = further_images(made)
        more = f"about {needed} more would do" if needed else "they share no pattern that can be told from chance"
        told = (
            f"the reliability of {len(made)} images is {made.reliability:.2f}"
            if len(made) > 1
            else "one image has no reliability"
        )
        out.append(Caveat("weak", f"{told}, below {RELIABLE}: {more}"))
    return out


def solver_caveats(solution: Solution | None) -> list[Caveat]:
    """What weakens a fingerprint that a network was fitted to."""
    if solution is None or solution.solver != "paper":
        return []
    out = [Caveat("not_held_out", "the solver paper holds no image out: how well it tells photographs is not known")]
    if solution.facts.get("dead"):
        out.append(Caveat("dead", "the network found nothing: it scores its own images no higher than photographs"))
    return out


def pair_caveats(one: Profile, two: Profile) -> list[Caveat]:
    """What weakens a comparison of two sets."""
    return [Caveat(c.code, f"{shown(p.name)}: {c.text}") for p in (one, two) for c in fingerprint_caveats(p)]


def trace_caveats(
    query: Profile,
    shared: Sequence[str],
    weak: Sequence[str],
    jpeg: Sequence[str],
    marked: Sequence[str],
    hushed: Sequence[str],
) -> list[Caveat]:
    """What weakens a trace: generators that hold traced images, that are too weak, that carry what the query does, and
    kin that may not decide."""
    out = fingerprint_caveats(query)
    if shared:
        text = f"some of these very images are registered as {_some(shared)}; they do not count as its images here"
        out.append(Caveat("registered_images", text))
    if weak:
        out.append(Caveat("weak_generators", f"not judged, their reliability is below {RELIABLE}: {_some(weak)}"))
    if jpeg:
        out.append(Caveat("jpeg_pair", f"not judged, both sides look JPEG-compressed: {_some(jpeg)}"))
    if marked:
        text = f"not judged, alike by the watermark both sides carry: {_some(marked)}"
        out.append(Caveat("watermark_pair", text))
    if hushed:
        out.append(Caveat("no_evidence", f"kin, and not judged, being tagged evidence=no: {_some(hushed)}"))
    return out


def displaced_caveat(phase: Phase, family: str, likely: float, nobody: float, sure: bool) -> Caveat | None:
    """What a search of the phases says against images being of nobody; None where it agrees.

    Parameters
    ----------
    family, likely
        The likeliest family under the search, and its probability.
    nobody
        Probability of no relative under the search.
    sure
        Whether the search calls them kin.
    """
    if nobody >= NOBODY and not sure:
        return None
    where = f"{count(phase.dy, 'row')} and {count(phase.dx, 'column')} off the 8-pixel grid"
    done = "mirrored" if phase.mirrored and not (phase.dy or phase.dx) else "cropped or mirrored"
    whose = f"they {'are' if sure else 'may be'} of {shown(family)} (P {probability(likely)})"
    found = f"{where}{', mirrored' if phase.mirrored else ''}, {whose}"
    if not sure:
        return Caveat("perhaps_displaced", f"not ruled out: {done}, {found}; more images would tell")
    return Caveat("displaced", f"the images look {done}: {found}; trace them with --search-phase")


def undecided_caveat(family: str, likely: float, nobody: float) -> Caveat:
    """Why sound images come back undecided: no probability is high enough."""
    told = f"{shown(family)} has P {probability(likely)}, no relative P {probability(nobody)}"
    return Caveat("undecided", f"{told}: neither is enough to say so; more images would tell")


def disagreement_caveats(agreed: Sequence[Agreement]) -> list[Caveat]:
    """What images that disagree with the verdict on their part mean for it."""
    against = [row.file for row in agreed if row.agrees is False]
    if not against:
        return []
    verb = "disagrees" if len(against) == 1 else "disagree"
    text = f"{count(len(against), 'image')} of {len(agreed)} {verb} with the verdict: {_some(against)}"
    return [Caveat("disagreement", text)]


def _some(names: Sequence[str]) -> str:
    return some([shown(n) for n in sorted(names)], 6)
