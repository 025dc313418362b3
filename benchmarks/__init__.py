"""Benchmarks: what the figures in the documentation were measured with. Run one as ``python -m benchmarks.NAME``."""
