"""Bundles: generators with all their versions in one file, made by one registry and read by another."""
