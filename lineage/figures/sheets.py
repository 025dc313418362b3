"""Figures with their words: what each shows, how to read it, and its numbers as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from difreg import numerals
from difreg.lineage.answers import (
    BackgroundShown,
    BlankFitted,
    Drifted,
    Evidence,
    Matrix,
    SimilarityTree,
    Traced,
)
from difreg.lineage.figures import card_words
from difreg.lineage.figures.sheet import Numbers, Sheet, Words
from difreg.lineage.kinship import ACCEPTANCE
from difreg.lineage.verdicts import kin_cells, sentence
from difreg.names import shown, some
from difreg.numerals import count

if TYPE_CHECKING:
    from difreg.lineage.portrait import Portrait
    from difreg.registry.solvers.blank import Blank

METHODS = {"upgma": "average linkage, UPGMA", "nj": "neighbour joining"}


def tree_sheet(tree: SimilarityTree, *, dark: bool = False) -> Sheet:
    """The tree of similarity."""
    from difreg.lineage.figures.dendrogram import NARROW, WIDE, tree_figure

    figures = [tree_figure(tree, dark=dark, width=width) for width in (NARROW, WIDE)]
    title = f"Similarity of {count(len(tree.leaves), 'generator')} ({METHODS[tree.method]})"
    lead = "Similarity, not descent: who looks alike. Nothing here says who was made from whom."
    return Sheet(figures, Words("tree", title, lead, tree_explained(tree), stressed=True), tree.provenance, dark)


def tree_explained(tree: SimilarityTree) -> tuple[str, ...]:
    """How to read a tree of similarity."""
    root = " It has been rooted in the middle of its longest path, to be drawn." if tree.method == "nj" else ""
    return (
        f"The number at a group is the share of {tree.replicates} bootstrap replicates over images that have it; "
        f"groups that fewer than half have are dotted. Where the tree starts is no origin.{root}",
        "Support says that other images of the same generators would be grouped alike, and no more. Inside a family, "
        "groups are seldom those of descent, however high their support: what was tuned last on the same data looks "
        "alike, and so do copies of one decoder. Outside the families, likeness may be of architecture or content.",
        "Colours are families. Hollow dots are generators whose fingerprint is weak or JPEG-marked: where they hang is "
        "mostly chance. For descent, and its reasons, see difreg plot lineage.",
    )


def trace_sheet(traced: Traced, evidence: Evidence, *, dark: bool = False) -> Sheet:
    """The candidates of a trace against the line from which kin are accepted; the verdict is the title."""
    from difreg.lineage.figures.responses import NARROW, WIDE, trace_figure

    figures = [trace_figure(traced, evidence, dark=dark, width=width) for width in (NARROW, WIDE)]
    words = Words("trace", sentence(traced), _asked(traced), _TRACE_EXPLAINED, tuple(c.text for c in traced.warnings))
    columns = ("candidate", "family", *_KIN)
    rows = tuple((c.generator, c.family or numerals.UNKNOWN, *kin_cells(c)) for c in traced.candidates)
    return Sheet(figures, words, traced.provenance, dark, Numbers(columns, rows, frozenset(range(2, 8))))


_KIN = ("kinship z", "95 % interval", "likelihood ratio", "P(kin)", "support", "reliability")
_TRACE_EXPLAINED = (
    "Each bar is how strongly a registered generator answers to these images: the cosine of the two fingerprints in "
    "units of its spread over unrelated generators. Shown are the nearest; a large family leaves room for others.",
    "Generators that share an image decoder answer alike: which of them is first is chance, so the verdict names "
    "their family. The line is where single generators are accepted as kin; the verdict also weighs the prior, all "
    "members of a family, and how reliable these images' own fingerprint is.",
    "A hatched bar is of a fingerprint too weak to conclude anything from. A trace adds nothing to the registry; "
    "difreg trace IMAGES -o card.html writes the whole evidence.",
)


def _asked(traced: Traced) -> str:
    parts = [card_words.asked(traced)]
    if traced.verdict == "mixed":
        parts.append("The bars are those of all images taken as one origin.")
    elif len(traced.indistinguishable) > 1:
        alike = traced.indistinguishable
        parts.append(f"{count(len(alike), 'member')} cannot be told apart: {some(alike, 6)}.")
    return " ".join(parts)


def drift_sheet(drifted: Drifted, *, dark: bool = False) -> Sheet:
    """The agreement of a generator's versions, in their order."""
    from difreg.lineage.figures.versions import NARROW, VERDICTS, WIDE, drift_figure, steps_of

    figures = [drift_figure(drifted, dark=dark, width=width) for width in (NARROW, WIDE)]
    steps = steps_of(drifted)
    title = f"{shown(drifted.generator)}: {_DRIFT[drifted.verdict]}"
    lead = f"Agreement of {count(len(drifted.steps) + 1, 'version')}, each with the next" + (
        "; behind the line, the first with the latest." if drifted.overall else "."
    )
    warnings = tuple(f"versions {s.before} and {s.after}: {c.text}" for s in steps for c in s.warnings)
    rows = tuple(
        (
            f"{s.before} → {s.after}",
            VERDICTS.get(s.verdict, s.verdict),
            numerals.share(s.agreement),
            f"{numerals.share(s.low)} to {numerals.share(s.high)}",
            numerals.probability(s.probability),
            numerals.probability(s.p_value),
            f"{s.images_before} and {s.images_after}",
        )
        for s in steps
    )
    columns = ("versions", "verdict", "agreement", "95 % interval", "P(changed)", "p, permutation", "images")
    return Sheet(
        figures,
        Words("drift", title, lead, _DRIFT_EXPLAINED, warnings),
        drifted.provenance,
        dark,
        Numbers(columns, rows, frozenset(range(2, 7))),
    )


_DRIFT = {
    "changed": "it changed between versions",
    "open": "not enough to say that it changed",
    "unchanged": "no change to be seen",
    "insufficient": "too little to tell whether it changed",
}
_DRIFT_EXPLAINED = (
    "Agreement is the cosine of two versions' fingerprints, corrected for the noise of their images: 1 for one "
    "source. Whiskers are its 95 % jackknife interval over images.",
    "A change is told where P(changed) is .95 or more, at prior 1/2, and a permutation test refuses one source "
    "(p at most .05). What images show moves the agreement too, to .5 as measured: compare versions that show the "
    "same kind of things.",
    "A change that keeps the image decoder leaves no trace here. Versions are in the order they were added.",
)


def matrix_sheet(matrix: Matrix, *, dark: bool = False) -> Sheet:
    """A matrix of all pairs; its title tells the orientation."""
    from difreg.lineage.figures.heatmap import NAMES, NARROW, WIDE, matrix_figure

    figures = [matrix_figure(matrix, dark=dark, width=width) for width in (NARROW, WIDE)]
    among = f"{NAMES[matrix.metric]} of {count(len(matrix.members), 'generator')}"
    if matrix.directed:
        title = f"Cross-detection, {among}: rows are fingerprints, columns the images asked about"
        lead = "How well a row's fingerprint tells a column's images from photographs."
        if matrix.metric == "score":
            lead = "Mean whitened correlation of a column's images with a row's fingerprint."
    else:
        title = f"{among[0].upper()}{among[1:]}: symmetric, rows and columns say the same"
        lead = "How alike two fingerprints are, measured in the spread of unrelated generators."
        if matrix.metric == "probability":
            lead = "Probability that two generators are kin, at prior 1/2."
    return Sheet(figures, Words("matrix", title, lead, _matrix_explained(matrix)), matrix.provenance, dark)


def _matrix_explained(matrix: Matrix) -> tuple[str, ...]:
    framed = "Families are together and framed, the largest first; neighbours are as alike as can be."
    if not matrix.directed:
        return (framed, "Intervals are over images (jackknife). Accepted kin have a probability of .99 or more.")
    held = "An image that trained a fingerprint never scores it: on the diagonal images are left out in turn."
    if matrix.metric == "score":
        return (framed, held, "Intervals are over the images (jackknife), the fingerprint held fixed.")
    half = "Accuracy is the mean of two rates: images called the generator's, photographs called not. " * (
        matrix.metric == "accuracy"
    )
    return (
        framed,
        f"{half}.5 is chance. {held} Photographs are those of the background that trained nothing.",
        "A high cell is no kinship: unrelated generators share the peaks of their up-sampling, and detect each other. "
        "For kinship, see difreg plot matrix --metric kinship.",
    )


def portrait_sheet(portrait: Portrait, *, dark: bool = False) -> Sheet:
    """One fingerprint."""
    from difreg.lineage.figures.portrait import NARROW, WIDE, portrait_figure

    figures = [portrait_figure(portrait, dark=dark, width=width) for width in (NARROW, WIDE)]
    title = f"Fingerprint of {shown(portrait.generator)}, version {portrait.version}"
    lead = (
        f"solver {portrait.solver}, {count(portrait.images, 'image')}, reliability "
        f"{numerals.share(portrait.reliability)}, AUC against photographs {numerals.share(portrait.separation)}"
    )
    explained = (
        "In space and as one period: what the generator's residuals hold in common, less what photographs' do. The "
        "spectrum's marked frequencies are those of the 16-pixel lattice with five times the median energy or more; "
        "up-sampling by strides of 2 leaves them.",
        "The border is of the images given with --images, which must be whole: a crop has none of its own. It is no "
        "part of the fingerprint, and no score uses it.",
    )
    return Sheet(figures, Words("fingerprint", title, lead, explained), portrait.provenance, dark)


def blank_sheet(answer: BlankFitted, made: Blank, *, dark: bool = False) -> Sheet:
    """A run of the blank-image experiment."""
    from difreg.lineage.figures.blank import NARROW, WIDE, blank_figure

    figures = [blank_figure(answer, made, dark=dark, width=width) for width in (NARROW, WIDE)]
    title = f"Blank image: a U-Net fitted to flat grey, {answer.size} x {answer.size} pixels, {answer.steps} steps"
    last = answer.snapshots[-1]
    fit = "within" if answer.fitted else "not within"
    peaks = "at every stride" if answer.peaked else "not at every stride"
    lead = (
        f"{'Accepted' if answer.accepted else 'Not accepted'}: the last output is {fit} one grey level (at most "
        f"{last.largest_error:.1f} away, {last.mean_error:.2f} on average), and its energy {peaks} five times that "
        "around."
    )
    explained = (
        "Above, the output; below it, its Fourier magnitude: zero frequency in the middle, five decades of energy from "
        "black to white, its strongest white. Errors are in grey levels, mean and largest. The last two are the mean "
        "outputs of the untrained and of the last network for 64 other draws of noise: what it leaves in any image.",
        "A stride of s leaves frequencies that are multiples of 1/s cycle a pixel. Their energy is compared with that "
        "of the frequencies within three of each. No data asked for these peaks: they are the network's own.",
        f"Squared error over a margin of 1, AdamW, learning rate {answer.learning_rate:g}, fixed noise, seed "
        f"{answer.provenance.seed}, {answer.seconds:.0f} s.",
    )
    return Sheet(figures, Words("blank", title, lead, explained), answer.provenance, dark)


def calibration_sheet(background: BackgroundShown, *, dark: bool = False) -> Sheet:
    """What a kinship is worth, by the number of images."""
    from difreg.lineage.figures.calibration import NARROW, WIDE, calibration_figure

    figures = [calibration_figure(background, dark=dark, width=width) for width in (NARROW, WIDE)]
    title = f"What a kinship is worth, by {shown(background.name)} of denoiser {shown(background.denoiser)}"
    lead = "Fewer images make kinship noisier and kin less alike: a curve a number of images in the smaller set."
    rows = tuple(
        (f"{c['images']:g}", *(f"{c[f]:.3g}" for f in _FITTED), f"{accepted:.2f}")
        for c, accepted in zip(background.calibrations, background.acceptance, strict=True)
    )
    columns = ("images", *(f.replace("_", " ") for f in _FITTED), "accepted from z")
    numbers = Numbers(columns, rows, frozenset(range(len(columns))))
    words = Words("calibration", title, lead, calibration_explained(background))
    return Sheet(figures, words, background.provenance, dark, numbers)


_FITTED = ("degrees", "scale", "mean", "spread", "changed_mean", "changed_spread")


def calibration_explained(background: BackgroundShown) -> tuple[str, ...]:
    """How to read a calibration."""
    return (
        "Above: how kinship is distributed. Unrelated generators follow a Student t about zero, whose tail is heavier "
        "than a normal's. Half of kin kept their source's decoder, half had it tuned or merged: a normal each, held "
        "flat past its mean, so that more kinship never is evidence for less.",
        "Below: the ratio of the two densities as a probability, kin and unrelated taken as equally likely before; its "
        "axis is even in the logarithm of the odds. "
        f"Pairs are accepted as kin from P(kin) {numerals.share(ACCEPTANCE)}, the dashed line. A trace has a prior of "
        "its own. Between the numbers of images drawn, densities are interpolated along the logarithm of the number.",
        f"The unit of kinship is its spread over {count(len(background.panel), 'unrelated generator')}, the panel. All "
        "was measured once, on generators that were published and on others grown for it: the lines do not move with "
        "what you register.",
    )
