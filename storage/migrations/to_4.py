"""Schema 4: what is kept of decoders' weights, and the distances of those whose layers are alike."""

from __future__ import annotations

import sqlalchemy as sa
from alembic.operations import Operations


def upgrade(op: Operations) -> None:
    """From schema 3."""
    op.create_table(
        "weights",
        sa.Column("version_id", sa.Integer, sa.ForeignKey("version.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("file", sa.Text, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("prefix", sa.Text, nullable=False),
        sa.Column("signature", sa.Text, nullable=False),
        sa.Column("tensors", sa.Integer, nullable=False),
        sa.Column("parameters", sa.BigInteger, nullable=False),
        sa.Column("norm", sa.Float(53)),
        sa.Column("kurtosis", sa.Float(53)),
    )
    op.create_index("ix_weights_signature", "weights", ["signature"])
    op.create_table(
        "weight_distance",
        sa.Column("a_id", sa.Integer, sa.ForeignKey("version.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("b_id", sa.Integer, sa.ForeignKey("version.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("relative", sa.Float(53)),
        sa.Column("error", sa.Float(53)),
        sa.Column("rounding", sa.Float(53)),
    )
    op.create_index("ix_weight_distance_b_id", "weight_distance", ["b_id"])
