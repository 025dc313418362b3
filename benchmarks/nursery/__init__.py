"""A nursery of lineages: tiny decoders of known ancestry, grown from a seed on one core, to judge kinship by.

The collection of real generators has one large family. Here every parent, tuning, merge and imitation is known, and the
share of strangers accepted can be counted. ``python -m benchmarks.nursery --zoo DIR --work DIR`` grows and measures.
"""
