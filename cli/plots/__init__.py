"""``difreg plot``: pictures of a registry or of one answer, a file a plot."""
