"""What happened to an image before it came here, as far as its file and its pixels tell."""
