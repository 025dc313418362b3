"""What a report says around its tables and figures."""

from __future__ import annotations

from collections.abc import Iterator

from difreg import numerals
from difreg.lineage.answers import Audited, BackgroundShown, Families, Listing, Provenance
from difreg.lineage.kinship import ACCEPTANCE
from difreg.lineage.tracing import DECIDED
from difreg.names import some
from difreg.numerals import count
from difreg.registry.fingerprints import RELIABLE

NOTHING = "Nothing is registered yet. Register a generator: difreg add NAME IMAGES..."
NO_FAMILIES = "No two generators were accepted as kin, so there is no family."
TOO_FEW = "A tree needs two generators with images."
NO_PAIRS = "A matrix needs two generators with images."
NO_DECLARATIONS = "Nothing is declared about the ancestry of any generator."
FAMILIES = (
    "Generators whose images come through the same image decoder, or one tuned from it. Support is the least share of "
    "bootstrap replicates over images that holds a member in it. An ancestor is inferred: what members that cannot be "
    "told apart descend from."
)
LINEAGE = (
    "An arrow points to the parent; its width grows with the probability. Images tell who is kin, never who came "
    "first: direction comes from what is declared or, weakly, from dates. A dashed line is kinship without direction; "
    "a dotted line is a declaration that images or dates do not bear out.",
    "Hover over a line or a node for its numbers and the reason.",
)
TREE = (
    "Similarity, not descent: who looks alike, by average linkage. The number at a group is its support; what fewer "
    "than half of the replicates have is dotted."
)
RELIABILITY = (
    "Reliability is how much of a fingerprint is pattern and how little chance: the expected squared cosine with the "
    f"fingerprint of endless images. Below {numerals.share(RELIABLE)}, the mark on the bars, nothing is concluded."
)
AUDIT = (
    "What is declared about each generator against what its images say. A contradiction is a reason to look, and no "
    "proof that a card is wrong."
)
FINDINGS = (("contradict", "Contradicted"), ("silent", "The images cannot say"), ("agree", "In agreement"))


def size(listing: Listing, families: Families) -> str:
    """How large a registry is."""
    n, f = sum(g.observed for g in listing.generators), len(families.families)
    return f"{count(n, 'generator')}, {f} {'family' if f == 1 else 'families'}"


def overview(listing: Listing, families: Families, audited: Audited, weak: int) -> list[tuple[str, str, bool]]:
    """The first numbers, and whether each is a reason to look closer."""
    observed = [g for g in listing.generators if g.observed]
    return [
        ("generators", str(len(observed)), False),
        ("families", str(len(families.families)), False),
        ("without kin", str(len(families.singletons)), False),
        ("images", str(sum(g.images for g in observed)), False),
        ("declared parents without images", str(len(listing.generators) - len(observed)), False),
        ("weak fingerprints", str(weak), weak > 0),
        ("declarations contradicted", str(len(audited.contradict)), bool(audited.contradict)),
    ]


def empty(listing: Listing) -> list[str]:
    """What to do where nothing is registered."""
    return [] if listing.generators else [NOTHING]


def alone(families: Families) -> list[str]:
    """Who has no family."""
    n = len(families.singletons)
    return [f"Without kin, {count(n, 'generator')}: {some(families.singletons, 60)}."] if n else []


def too_large(n: int, what: str, most: int, file: str = "") -> str:
    """Why something is not drawn here, and how to draw it."""
    return (
        f"{count(n, 'generator')} are more than the {most} that can be read here. "
        f"difreg plot {what} -o {file or what}.html draws it on a page of its own."
    )


def limits(background: BackgroundShown) -> Iterator[str]:
    """What the method cannot tell."""
    yield (
        "Kin is likeness of function: images that come through the same image decoder, one tuned from it, or one "
        "trained to imitate it. Nothing is said of the parts before the decoder, the training data, or whether weights "
        "were copied."
    )
    yield (
        "No order and no direction is read from images. Both come from what is declared and, weakly, from dates; a "
        "false declaration that nothing contradicts makes a false lineage."
    )
    yield (
        "Inside a family a single nearest generator is chance, and groups of similarity are seldom those of descent. "
        "Use the family."
    )
    yield "A decoder tuned for about as long as it was trained is mostly no longer recognised as kin."
    yield (
        "JPEG destroys the fingerprint and puts its own in its place: nothing is concluded between two such sets. "
        "Images that were mirrored, resized, or cropped off the grid of 8 pixels look like a stranger's, unnoticed."
    )
    yield (
        f"Few images say little. Fingerprints with a reliability below {numerals.share(RELIABLE)} conclude nothing, "
        "which is no evidence that they have no kin."
    )
    yield (
        "A shared watermark, a shared upscaler, or content with a grid of its own, such as pixel art, can look like "
        "kinship."
    )
    yield (
        f"Scores are measured against {background.name}, made from {background.photographs} photographs and "
        f"{len(background.panel)} unrelated generators: error rates below about one in a hundred are not resolved by "
        "it, and a large registry makes more comparisons than were ever measured. Look at interval, support and "
        "declared facts before you rely on one edge."
    )


def accepted(background: BackgroundShown) -> str:
    """From which kinship pairs are accepted."""
    pairs = zip(background.calibrations, background.acceptance, strict=True)
    return ", ".join(f"z {numerals.z(z)} of {count(int(c['images']), 'image')}" for c, z in pairs)


def made(background: BackgroundShown, provenance: Provenance) -> list[tuple[str, str]]:
    """How the numbers were made, by name."""
    return [
        ("fingerprint", "each image's noise, high-passed and averaged over tiles of 16 x 16 pixels; whitened; mean"),
        (
            "kinship z",
            "cosine of two fingerprints in units of its spread over unrelated generators; accepted where P(kin) is "
            f"{numerals.share(ACCEPTANCE)} at prior 1/2, by images of the smaller set: {accepted(background)}",
        ),
        ("support", "share of bootstrap replicates, images drawn with replacement"),
        ("traces", f"a family is named from a posterior of {numerals.share(DECIDED)}"),
        ("difreg", provenance.difreg),
        ("denoiser", background.denoiser),
        ("background", f"{background.name} {background.digest}"),
        ("registry", provenance.registry or ""),
    ]
