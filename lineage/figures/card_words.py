"""What an evidence card says: its numbers, what weakens them, what would change the verdict, and how each was made."""

from __future__ import annotations

from collections.abc import Iterator

from difreg import numerals
from difreg.lineage.answers import Evidence, Placement, Provenance, Traced
from difreg.lineage.tracing import DECIDED
from difreg.numerals import count
from difreg.registry.fingerprints import RELIABLE


def asked(traced: Traced) -> str:
    """The question."""
    skipped = f", {len(traced.images.skipped)} skipped" if traced.images.skipped else ""
    return f"Who made the {count(traced.images.used, 'image')} of {traced.query}{skipped}?"


def key(traced: Traced) -> list[tuple[str, str]]:
    """The numbers of the verdict."""
    rest = [("prior, no relative", numerals.share(traced.provenance.prior)), ("images", str(traced.images.used))]
    if traced.verdict == "mixed":
        return [("parts", str(len(traced.parts))), *rest]
    return [
        ("P(family)", numerals.probability(traced.probability)),
        ("likelihood ratio", numerals.ratio(traced.likelihood_ratio)),
        ("P(no relative)", numerals.probability(traced.none_probability)),
        ("reliability", numerals.share(traced.reliability)),
        *rest,
    ]


def placed(place: Placement) -> str:
    """Where it hangs in the lineage, and why."""
    where = f"the {place.parent}" if place.kind == "ancestor" else place.parent
    how = f"under {where} (direction {place.direction})" if place.direction else f"beside {where}"
    return f"Placed {how}: {place.reason}."


def agreement(traced: Traced) -> str:
    """How many images agree."""
    yes, no, open_ = (sum(row.agrees is kind for row in traced.agreement) for kind in (True, False, None))
    whose = "the verdict on their part" if len(traced.parts) > 1 else "the verdict"
    told = [f"{count(yes, 'image')} {'agrees' if yes == 1 else 'agree'} with {whose}"]
    told += [f"{no} {'disagrees' if no == 1 else 'disagree'}"] if no else []
    told += [f"{open_} {'says' if open_ == 1 else 'say'} too little alone"] if open_ else []
    return f"{', '.join(told)}."


_AGAINST = {
    "kin": ("does not look like the others' origin", "do not look like the others' origin"),
    "none": ("carries a registered fingerprint by itself", "carry a registered fingerprint by themselves"),
    "mixed": ("does not look like the rest of its part", "do not look like the rest of their part"),
}


def against(traced: Traced, number: int) -> str:
    """What images that disagree are."""
    these = "This image" if number == 1 else f"These {number} images"
    return f"{these} {_AGAINST[traced.verdict][number > 1]}:"


def weakening(traced: Traced, evidence: Evidence) -> Iterator[str]:
    """The warnings, and those of the versions it was judged by."""
    for caveat in traced.warnings:
        yield caveat.text
    group = set(traced.indistinguishable) or {p.nearest for p in traced.parts if p.nearest}
    for w in evidence.witnesses:
        if w.generator in group:
            yield from (f"{w.generator}, version {w.version}: {caveat.text}" for caveat in w.warnings)
            if w.versions > 1:
                yield f"{w.generator} has {w.versions} versions; version {w.version} was compared"
    if traced.verdict == "none":
        lost = "resized" if traced.phase else "cropped, mirrored or resized"
        yield f"images that were {lost} on their way do not match even their own generator"


def changing(traced: Traced) -> Iterator[str]:
    """What would make another verdict of it."""
    if traced.verdict == "kin":
        limit = turning_prior(traced)
        if limit is not None:
            chance = f"{limit:.6f}".rstrip("0") if limit < 0.99 else f"1 - {1 - limit:.0e}"
            yield f"A prior for no relative above {chance}: P(family) would fall below {DECIDED}."
        yield "A registered generator that is nearer still and of another family."
        if any(row.agrees is False for row in traced.agreement):
            yield "Tracing the images that disagree by themselves: they may have an origin of their own."
    elif traced.verdict == "none":
        yield "A relative that is not registered yet: P(no relative) speaks of this registry alone."
        if not traced.phase:
            yield "A search for the phase (--search-phase), if these were cropped or mirrored on their way."
        yield "The original files, if these were cropped, mirrored, resized or compressed on their way."
    elif traced.verdict == "mixed":
        yield "Tracing each part by itself, with more images of it."
        yield "Other images: each part has to reach a reliability of .5, and one of them has to be kin."
    else:
        if traced.needed_images:
            yield f"About {count(traced.needed_images, 'further image')} of the same origin."
        elif traced.reliability >= RELIABLE:
            yield f"Evidence that lifts a family to P {DECIDED} or no relative to one half; neither is reached."
        yield "Lossless originals instead of compressed copies."


def turning_prior(traced: Traced) -> float | None:
    """The prior of no relative at which a verdict of kin would fall: posterior odds move as prior odds do."""
    prior, family, none = traced.provenance.prior, traced.probability, traced.none_probability
    if prior is None or not none > 0:
        return None
    room = family / DECIDED - family - max(1 - family - none, 0)
    if room <= 0:
        return None
    odds = room / none * prior / (1 - prior)
    return odds / (1 + odds)


def made(traced: Traced, evidence: Evidence) -> list[tuple[str, str]]:
    """How every number on the card was made."""
    b = evidence.background
    return [
        ("fingerprint", "each image's noise, high-passed and averaged over tiles of 16 x 16 pixels; whitened; mean"),
        (
            "kinship z",
            f"cosine of two whitened mean directions, in units of its spread over {len(b.panel)} unrelated generators",
        ),
        ("95 % interval", "jackknife over the images of both sides"),
        ("support", "share of 200 bootstrap replicates over images whose kinship is accepted (P .99)"),
        (
            "likelihood ratio",
            "density of this kinship among kin over that among unrelated pairs, from the background's calibration; "
            "a family's is the mean of its members'; kept within a million",
        ),
        *([("phase", traced.phase.text)] if traced.phase else []),
        ("P(kin)", "of one generator, at prior 1/2"),
        (
            "P(family)",
            f"posterior: prior {numerals.share(traced.provenance.prior)} for no relative, the rest shared equally by "
            f"the families; {DECIDED} is called kin",
        ),
        ("reliability", f"expected squared cosine of the direction with that of endless images; below {RELIABLE} "
         "nothing is concluded"),
        (
            "image z and P",
            "kinship of one image with the family, and the probability that it is of the others' origin: density of "
            "the folder's other images against that of strangers; P of at most .05 disagrees",
        ),
        ("parts", "two groups are believed where one is kin, the other reliable and not of its family, and the kinship "
         "of both with each other has a likelihood ratio below 1"),
    ]  # fmt: skip


def provenance(told: Provenance, evidence: Evidence) -> list[tuple[str, str]]:
    """What made the answer, by name."""
    b = evidence.background
    return [
        ("difreg", told.difreg),
        ("denoiser", told.denoiser or ""),
        ("background", f"{told.background} {b.digest}"),
        ("prior, threshold", f"{numerals.share(told.prior)}, {numerals.share(told.threshold)}"),
        ("seed", "" if told.seed is None else str(told.seed)),
        ("registry", told.registry or ""),
    ]
