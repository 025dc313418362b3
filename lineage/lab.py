"""The paper's experiments, told as answers."""

from __future__ import annotations

from difreg import __version__
from difreg.lineage.answers import BlankFitted, BlankSnapshot, Provenance, StrideEnergy
from difreg.registry.solvers.blank import LEVEL, Blank, Snapshot, energy, stride_ratios

GREY = 1 / 255
PEAK = 5.0  # times the energy around


def told(made: Blank) -> BlankFitted:
    """The answer of a run of the blank-image experiment."""
    snapshots = tuple(_snapshot(s) for s in made.snapshots)
    last = snapshots[-1]
    fitted = last.largest_error <= 1.0
    peaked = all(s.ratio >= PEAK for s in last.strides)
    return BlankFitted(
        Provenance(__version__, seed=made.seed),
        size=made.size,
        steps=made.steps,
        level=LEVEL,
        learning_rate=made.learning_rate,
        losses=made.losses,
        snapshots=snapshots,
        means=tuple(_snapshot(s) for s in made.means),
        fitted=fitted,
        peaked=peaked,
        accepted=fitted and peaked,
        seconds=made.seconds,
    )


def _snapshot(made: Snapshot) -> BlankSnapshot:
    errors = abs(made.output.astype(float) - LEVEL) / GREY
    ratios = tuple(StrideEnergy(stride, ratio) for stride, ratio in stride_ratios(energy(made.output)).items())
    return BlankSnapshot(made.step, made.loss, float(errors.mean()), float(errors.max()), ratios)
