"""From cross-detection to kinship, families, ancestry and traces; :mod:`difreg.lineage.api` is the door."""
