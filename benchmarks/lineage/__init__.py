"""Figures on families, ancestry and declarations, on the labelled collection."""
