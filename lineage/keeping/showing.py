"""One generator as ``show`` tells it: all its versions or one of them, now or as it stood at some moment."""

from __future__ import annotations

from dataclasses import replace

from difreg.errors import NotFoundError
from difreg.lineage import answers as a
from difreg.lineage import views
from difreg.lineage.keeping import history, naming, weighing
from difreg.registry import references
from difreg.registry.background import Background
from difreg.storage.catalog import Transaction
from difreg.storage.records import GeneratorRecord, VersionRecord


def show(tx: Transaction, background: Background, text: str, at: str | None, provenance: a.Provenance) -> a.Shown:
    """What ``text``, a reference, names.

    Parameters
    ----------
    at
        A day or a time, or None for now.
    """
    when = history.moment(at) if at is not None else None
    record = naming.find(tx, text)[0] if when is None else _on_record(tx, text)
    ref = references.parse(text)
    versions = tx.versions(record.name) if record.observed or when else []
    kin = views.stored_kin(tx, background, record.name) if record.observed and not when else ()
    if when is not None:
        record = history.as_of(tx, record, when)
        versions = [v for v in versions if v.created <= when] if record.observed else []
    latest = versions[-1] if versions else None
    if not ref.whole:
        number = naming.number_of(record, ref, [v.number for v in versions])
        if versions[-1].number != number:
            kin = ()
        versions = [v for v in versions if v.number == number]
        images = tuple(a.ImageRef(i.file, i.sha256) for v in versions for i in tx.images(v.id))
        provenance = replace(provenance, images=images)
    called = {v.number: sorted(k for k, n in record.aliases.items() if n == v.number) for v in versions}
    return a.Shown(
        provenance,
        generator=views.generator_detail(record, latest),
        versions=tuple(
            views.version_row(v, tx.skipped(v.id), called[v.number], _weights(tx, v, when is None)) for v in versions
        ),
        kin=kin,
        at=when,
    )


def _weights(tx: Transaction, version: VersionRecord, today: bool) -> a.WeightsRow | None:
    """Of a version; its kin are today's."""
    known = tx.weights(version.id) if today else None
    return weighing.shown_weights(tx, known) if known else None


def _on_record(tx: Transaction, text: str) -> GeneratorRecord:
    """The generator a reference names, also one that is removed by now."""
    try:
        return naming.find(tx, text)[0]
    except NotFoundError:
        gone = tx.recorded(references.parse(text).name)
        if gone is None:
            raise
        return gone
