"""Where difreg keeps its things and how it runs, from arguments and the environment."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from difreg.errors import InputError


@dataclass(frozen=True)
class Settings:
    """Resolved settings of one registry.

    Attributes
    ----------
    home
        Folder that holds the catalogue and the arrays.
    database_url
        SQLAlchemy URL of the catalogue.
    jobs
        Number of worker processes; 0 lets difreg choose.
    parallel
        What spreads work over a cluster: ``dask`` or ``ray``; empty for processes of this machine.
    graph_url
        Where Cypher is answered; ``embedded`` needs no server, ``bolt://`` and ``neo4j://`` name a Neo4j.
    graph_user, graph_password, graph_password_file, graph_database
        Who we are at that server, and which of its databases is meant. The password is in no ``repr``.
    blobs_url
        Where the arrays lie: a path or any URL of fsspec's; the home's own folder where empty.
    device
        Where networks are fitted: ``cpu``, ``cuda``, or ``auto`` for a GPU where there is one.
    """

    home: Path
    database_url: str
    jobs: int = 0
    graph_url: str = "embedded"
    blobs_url: str = ""
    device: str = "auto"
    graph_user: str = ""
    graph_password: str = field(default="", repr=False)
    graph_password_file: str = ""
    graph_database: str = ""
    parallel: str = ""

    @property
    def blobs(self) -> str:
        """Path or URL of the content-addressed arrays."""
        return self.blobs_url or str(self.home / "blobs")

    @property
    def index(self) -> Path:
        """Folder of what can be made again from the arrays."""
        return self.home / "index"


def resolve(home: str | os.PathLike[str] | None = None, jobs: int | None = None) -> Settings:
    """Settings from ``home`` (argument first, then ``DIFREG_HOME``, then ``~/.difreg``) and the environment.

    ``jobs`` likewise goes before ``DIFREG_JOBS``.

    Raises
    ------
    InputError
        If ``DIFREG_JOBS`` is not a whole number.
    """
    chosen = home or os.environ.get("DIFREG_HOME") or Path.home() / ".difreg"
    path = Path(chosen).expanduser().absolute()
    given = os.environ.get("DIFREG_JOBS") or "0"
    if jobs is None and not given.isdecimal():
        raise InputError(
            f"DIFREG_JOBS is {given!r}, not a whole number.", "Set it to the number of processes, or unset it."
        )
    url = os.environ.get("DIFREG_DATABASE_URL") or f"sqlite:///{path / 'catalog.db'}"
    graph = os.environ.get("DIFREG_GRAPH_URL") or "embedded"
    blobs = os.environ.get("DIFREG_BLOBS_URL") or ""
    device = os.environ.get("DIFREG_DEVICE") or "auto"
    return Settings(
        home=path,
        database_url=url,
        jobs=int(given) if jobs is None else jobs,
        graph_url=graph,
        blobs_url=blobs,
        device=device,
        graph_user=os.environ.get("DIFREG_GRAPH_USER") or "",
        graph_password=os.environ.get("DIFREG_GRAPH_PASSWORD") or "",
        graph_password_file=os.environ.get("DIFREG_GRAPH_PASSWORD_FILE") or "",
        graph_database=os.environ.get("DIFREG_GRAPH_DATABASE") or "",
        parallel=os.environ.get("DIFREG_PARALLEL") or "",
    )
