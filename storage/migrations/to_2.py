"""Schema 2: aliases, licence and URL of a generator, and a history that follows a generator through renaming."""

from __future__ import annotations

import sqlalchemy as sa
from alembic.operations import Operations


def upgrade(op: Operations) -> None:
    """From schema 1."""
    op.create_table(
        "alias",
        sa.Column("generator_id", sa.Integer, sa.ForeignKey("generator.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("number", sa.Integer, nullable=False),
    )
    op.add_column("generator", sa.Column("licence", sa.Text))
    op.add_column("generator", sa.Column("url", sa.Text))
    key = sa.ForeignKey("generator.id", ondelete="SET NULL")
    op.add_column("change", sa.Column("generator_id", sa.Integer, key), inline_references=True)
    op.add_column("change", sa.Column("changed", sa.JSON))
    op.create_index("ix_change_generator_id", "change", ["generator_id"])
    op.execute(
        "UPDATE change SET generator_id = (SELECT generator.id FROM generator WHERE generator.name = change.subject)"
    )
