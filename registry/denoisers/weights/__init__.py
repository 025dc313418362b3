"""Weights of the network denoisers; ``docs/denoisers.md`` is their model card."""
