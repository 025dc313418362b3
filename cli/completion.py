"""Names of generators, for the shell to complete."""

from __future__ import annotations

import typer


def generators(ctx: typer.Context, incomplete: str) -> list[str]:
    """Names in the home that is meant which begin so; none where anything is wrong, for nobody is there to be told.

    No server is asked, and no catalogue upgraded, because a key was pressed.
    """
    try:
        from difreg import settings
        from difreg.storage.catalog import Catalog
        from difreg.storage.connection import SQLITE
        from difreg.storage.tables import SCHEMA

        above = ctx.parent
        home = ctx.params.get("home")
        while home is None and above is not None:
            home, above = above.params.get("home"), above.parent
        url = settings.resolve(home).database_url
        catalog = Catalog(url)
        if not url.startswith(SQLITE) or catalog.schema() != SCHEMA:
            return []
        with catalog.read() as tx:
            return [g.name for g in tx.generators() if g.name.startswith(incomplete)]
    except Exception:
        return []
