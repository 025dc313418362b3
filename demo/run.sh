#!/bin/sh
# The product at work on the demo's own images: a registered model, its sibling, and a stranger.
set -eu
cd "$(dirname "$0")"
rm -rf home
export DIFREG_HOME=home
say() { printf '\n== %s\n' "$1"; }

say 'Register a model from 24 of its images: difreg add noise0 noise0/ --parent upconv7-photo-scale:resumed-training'
difreg add noise0 noise0/ --parent upconv7-photo-scale:resumed-training
say 'Who made the images in noise1/? A model trained on from the same source: difreg trace noise1/'
difreg trace noise1/
say 'And those in anime/? A model of the same architecture, trained apart: difreg trace anime/'
difreg trace anime/
say 'The two pairs side by side: difreg compare'
difreg compare noise0 noise1/
difreg compare noise0 anime/
say 'What it means'
cat <<'TEXT'
noise0 and noise1 are two denoising strengths of one network, both trained on from one scale-only model. They never saw
each other's images, yet each leaves the same pattern in what it makes: the trace names the family, and says that order
inside it cannot be told from images. The stranger has the same architecture and a strong pattern of its own; it is
told apart. docs/demo.md says how the images were made.
TEXT
