// Kin across the border of two families: the families may be one, or the generator a mixture.
MATCH path = (a:Generator)-[k:KIN]->(b:Generator)
WHERE a.family <> b.family
RETURN a.name AS one, a.family AS family_one, b.name AS two, b.family AS family_two, k.kinship AS kinship,
  k.probability AS probability, k.support AS support, path
ORDER BY kinship DESC, one, two
