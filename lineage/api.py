"""The door to difreg: :class:`Registry`, one method a verb, each returning a frozen dataclass.

It holds no method of its own: its parts lie in ``difreg.lineage.doors``, images come from ``difreg.registry``, scores
from the other modules of ``difreg.lineage``, and all that is kept goes through ``difreg.storage``.
"""

from __future__ import annotations

import os

from difreg import settings
from difreg.lineage.doors.adding import Adding
from difreg.lineage.doors.reporting import Reporting
from difreg.lineage.doors.starting import Starting
from difreg.registry.extraction import Progress


def open_registry(
    home: str | os.PathLike[str] | None = None, *, progress: Progress | None = None, jobs: int | None = None
) -> Registry:
    """Open the registry at ``home`` (else ``DIFREG_HOME``, else ``~/.difreg``). Nothing is written until the first add.

    Parameters
    ----------
    progress
        Called with (done, total, what) while images are denoised.
    jobs
        Worker processes, before ``DIFREG_JOBS``; 0 lets difreg choose.
    """
    return Registry(settings.resolve(home, jobs), progress=progress)


class Registry(Starting, Adding, Reporting):
    """A registry of fingerprints and the lineage drawn from them.

    Every method raises :class:`difreg.DifregError` for what the caller can mend, its ``hint`` saying how.
    """
