"""Tables of the catalogue.

Three column types keep both databases in step: a float that may be not-a-number (NULL in SQL), a time that is always
UTC, and text from the outside that need not be Unicode.
"""

from __future__ import annotations

import math
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)
from sqlmodel import Field, SQLModel

SCHEMA = 4


class Real(TypeDecorator[float]):
    """A float whose not-a-number is NULL (SQLite would store NULL anyway, PostgreSQL sorts NaN above all numbers)."""

    impl = Float(53)
    cache_ok = True

    def process_bind_param(self, value: float | None, dialect: Dialect) -> float | None:  # noqa: ARG002
        """NaN to NULL."""
        return None if value is None or math.isnan(value) else float(value)

    def process_result_value(self, value: float | None, dialect: Dialect) -> float:  # noqa: ARG002
        """NULL to NaN."""
        return math.nan if value is None else value


class Utc(TypeDecorator[datetime]):
    """An aware time, kept and given in UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """To UTC."""
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """From UTC, which SQLite does not say."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class AnyText(TypeDecorator[str]):
    """Text that need not be Unicode (file names, arguments); what a database cannot hold is kept as escapes."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Lone surrogates and NUL to escapes."""
        return None if value is None else value.encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00")


class Row(SQLModel):
    """Base of all tables; their own metadata keep a program's other SQLModel tables out of the catalogue."""

    metadata = MetaData()


def _key(target: str, **options: Any) -> Any:
    """A part of the primary key that points at another row."""
    return Field(sa_column=Column(ForeignKey(target, ondelete="CASCADE"), primary_key=True, **options))


class Family(Row, table=True):
    """A community of kin."""

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(sa_type=AnyText, unique=True)
    title: str | None = Field(sa_type=Text)
    support: float = Field(sa_type=Real, nullable=True)


class Generator(Row, table=True):
    """A generator or a stub: ``last_number`` is the last version number used, ``removed`` when it was taken out."""

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(sa_type=AnyText, unique=True)
    observed: bool
    base: bool | None
    released: str | None = Field(sa_type=Text)
    released_latest: date | None
    not_before: str | None = Field(sa_type=Text)
    not_before_earliest: date | None
    source: str | None = Field(sa_type=AnyText)
    certainty: str | None = Field(sa_type=AnyText)
    note: str | None = Field(sa_type=AnyText)
    licence: str | None = Field(sa_type=AnyText)
    url: str | None = Field(sa_type=AnyText)
    family_id: int | None = Field(foreign_key="family.id", ondelete="SET NULL", index=True)
    last_number: int = 0
    created: datetime = Field(sa_type=Utc)
    removed: datetime | None = Field(sa_type=Utc)


class Parent(Row, table=True):
    """A declared parent, by name."""

    child_id: int = _key("generator.id")
    parent_name: str = Field(sa_type=AnyText, primary_key=True, index=True)
    relation: str = Field(sa_type=Text, primary_key=True)
    source: str | None = Field(sa_type=AnyText)


class Tag(Row, table=True):
    """A free label of a generator."""

    generator_id: int = _key("generator.id")
    key: str = Field(sa_type=AnyText, primary_key=True)
    value: str = Field(sa_type=AnyText)


class Alias(Row, table=True):
    """A name that a version of a generator goes by for now."""

    generator_id: int = _key("generator.id")
    name: str = Field(sa_type=AnyText, primary_key=True)
    number: int


class Version(Row, table=True):
    """An immutable version of a generator's fingerprint; ``digest`` names the blob, ``caveats`` is [[code, text]]."""

    __table_args__ = (UniqueConstraint("generator_id", "number"),)

    id: int | None = Field(default=None, primary_key=True)
    generator_id: int = Field(foreign_key="generator.id")
    number: int
    digest: str = Field(sa_type=Text)
    identity: str = Field(sa_type=Text)
    solver: str = Field(sa_type=Text)
    denoiser: str = Field(sa_type=Text)
    background: str = Field(sa_type=Text)
    canvas: int
    seed: int | None = Field(sa_type=BigInteger)
    tool: str = Field(sa_type=Text)
    created: datetime = Field(sa_type=Utc)
    images: int
    reliability: float = Field(sa_type=Real, nullable=True)
    separation: float = Field(sa_type=Real, nullable=True)
    jpeg: float = Field(sa_type=Real, nullable=True)
    caveats: list[list[str]] = Field(sa_type=JSON)


class Image(Row, table=True):
    """An image a version rests on, in the order of its sketches."""

    version_id: int = _key("version.id")
    place: int = Field(primary_key=True)
    file: str = Field(sa_type=AnyText)
    size: int = Field(sa_type=BigInteger)
    sha256: str = Field(sa_type=Text)
    pixels: str = Field(sa_type=Text)


class Skipped(Row, table=True):
    """An image that a version was asked to use and could not."""

    version_id: int = _key("version.id")
    place: int = Field(primary_key=True)
    file: str = Field(sa_type=AnyText)
    code: str = Field(sa_type=Text)
    reason: str = Field(sa_type=AnyText)


class Kinship(Row, table=True):
    """Kinship of the latest versions of two generators: of accepted pairs, and of declared children and parents.

    ``replicates`` has a bit a bootstrap replicate, as hexadecimal digits; NULL where they are not known.
    """

    a_id: int = _key("generator.id")
    b_id: int = _key("generator.id", index=True)
    a_version: int
    b_version: int
    cosine: float = Field(sa_type=Real, nullable=True)
    kinship: float = Field(sa_type=Real, nullable=True)
    log10_likelihood_ratio: float = Field(sa_type=Real, nullable=True)
    probability: float = Field(sa_type=Real, nullable=True)
    low: float = Field(sa_type=Real, nullable=True)
    high: float = Field(sa_type=Real, nullable=True)
    support: float = Field(sa_type=Real, nullable=True)
    accepted: bool
    replicates: str | None = Field(default=None, sa_type=Text)


class CrossDetection(Row, table=True):
    """Scores of one generator's images with another's fingerprint."""

    __tablename__ = "cross_detection"

    fingerprint_id: int = _key("generator.id")
    images_id: int = _key("generator.id", index=True)
    fingerprint_version: int
    images_version: int
    score: float = Field(sa_type=Real, nullable=True)
    auc: float = Field(sa_type=Real, nullable=True)
    accuracy: float = Field(sa_type=Real, nullable=True)
    p_value: float = Field(sa_type=Real, nullable=True)
    n: int


class Weights(Row, table=True):
    """What is kept of the weights of a version's decoder; ``digest`` names the blob, ``prefix`` the tensors read."""

    version_id: int = _key("version.id")
    digest: str = Field(sa_type=Text)
    file: str = Field(sa_type=AnyText)
    sha256: str = Field(sa_type=Text)
    prefix: str = Field(sa_type=AnyText)
    signature: str = Field(sa_type=Text, index=True)
    tensors: int
    parameters: int = Field(sa_type=BigInteger)
    norm: float = Field(sa_type=Real, nullable=True)
    kurtosis: float = Field(sa_type=Real, nullable=True)


class WeightDistance(Row, table=True):
    """How far two versions' weights are from each other, where layers are alike; ``a_id`` is the smaller."""

    __tablename__ = "weight_distance"

    a_id: int = _key("version.id")
    b_id: int = _key("version.id", index=True)
    relative: float = Field(sa_type=Real, nullable=True)
    error: float = Field(sa_type=Real, nullable=True)
    rounding: float = Field(sa_type=Real, nullable=True)


class Meta(Row, table=True):
    """Facts about the catalogue itself: ``schema`` is the version of these tables."""

    key: str = Field(sa_type=Text, primary_key=True)
    value: str = Field(sa_type=Text)


class Change(Row, table=True):
    """A line of the registry's history: ``generator_id`` outlives renaming, ``changed`` is {fact: [before, after]}."""

    id: int | None = Field(default=None, primary_key=True)
    time: datetime = Field(sa_type=Utc)
    verb: str = Field(sa_type=Text)
    subject: str = Field(sa_type=AnyText, index=True)
    text: str = Field(sa_type=AnyText)
    generator_id: int | None = Field(default=None, foreign_key="generator.id", ondelete="SET NULL", index=True)
    changed: dict[str, list[Any]] | None = Field(default=None, sa_type=JSON)


def _table(name: str) -> Table:
    return Row.metadata.tables[name]


generator = _table("generator")
parent = _table("parent")
tag = _table("tag")
alias = _table("alias")
version = _table("version")
image = _table("image")
skipped = _table("skipped")
kinship = _table("kinship")
cross_detection = _table("cross_detection")
weights = _table("weights")
weight_distance = _table("weight_distance")
family = _table("family")
meta = _table("meta")
change = _table("change")
