"""Schema 3: which bootstrap replicates accept a pair, so that a family's support is counted over whole replicates."""

from __future__ import annotations

import sqlalchemy as sa
from alembic.operations import Operations


def upgrade(op: Operations) -> None:
    """From schema 2; of pairs scored before, it is not known which replicates accepted them."""
    op.add_column("kinship", sa.Column("replicates", sa.Text))
