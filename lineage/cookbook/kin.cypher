// Whose fingerprints are kin to a generator's, the closest first.
// $name generator: whose kin
MATCH path = (:Generator {name: $name})-[k:KIN]-(relative:Generator)
RETURN relative.name AS relative_name, relative.family AS family, k.kinship AS kinship, k.low AS low, k.high AS high,
  k.probability AS probability, k.support AS support, path
ORDER BY kinship DESC, relative_name
