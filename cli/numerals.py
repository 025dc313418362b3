"""Numbers as the command line prints them: those of :mod:`difreg.numerals`."""

from difreg.numerals import UNKNOWN, count, interval, probability, ratio, share, z

__all__ = ["UNKNOWN", "count", "interval", "probability", "ratio", "share", "z"]
