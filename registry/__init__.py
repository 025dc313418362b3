"""From images to fingerprints: residuals, sketches, the background they are judged by, and detection."""
