#!/bin/sh
# The product at work: the starter registry, a model of the demo's own, its sibling, and a stranger.
set -eu
cd "$(dirname "$0")"
rm -rf home
export DIFREG_HOME=home
say() { printf '\n== %s\n' "$1"; }

say 'Load generators of known origin: difreg starter install'
difreg starter install
difreg families
say 'Register a model from 24 of its images: difreg add noise0 noise0/ --parent w2x-upconv7photo-scale:resumed-training'
difreg add noise0 noise0/ --parent w2x-upconv7photo-scale:resumed-training
say 'Who made the images in noise1/? A sibling of that model: difreg trace noise1/'
difreg trace noise1/
say 'Those in anime/ are of a stranger to it, whose relatives the starter registry holds: difreg trace anime/'
difreg trace anime/
say 'And if nobody had registered these relatives? difreg trace anime/ --exclude NAME, for each of them'
difreg trace anime/ --exclude w2x-upconv7art-scale --exclude w2x-upconv7art-noise0 --exclude w2x-upconv7art-noise1
say 'Ancestry: what early Midjourney comes from, and noise0, by difreg query'
difreg query "MATCH (m:Generator {name:'midjourney-2022-07'})-[d:DERIVED_FROM]->(a) RETURN a.name, d.direction, d.reason"
difreg query "MATCH (m:Generator {name:'noise0'})-[d:DERIVED_FROM]->(a) RETURN a.name, d.direction, d.reason"
say 'What it means'
cat <<'TEXT'
noise0 and noise1 are two denoising strengths of one network, both trained on from one scale-only model. They never saw
each other's images, yet each leaves the same pattern in what it makes: the nearest of forty generators are those of
that network. The stranger has the same architecture and a strong pattern of its own: it is told apart, and is nobody's
where its relatives are not registered. docs/demo.md says how the images were made, docs/starter.md where the others
come from.
TEXT
say 'To look at in a browser'
difreg trace noise1/ -o home/noise1.html --quiet
difreg plot lineage -o home/lineage.html --quiet
printf 'evidence card  %s/home/noise1.html\nlineage        %s/home/lineage.html\n' "$PWD" "$PWD"
