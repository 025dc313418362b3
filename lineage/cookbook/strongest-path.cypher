// The chain of kin between two generators, of up to three steps, whose weakest step is the strongest.
// $a generator: where it begins
// $b generator: where it ends
MATCH path = (:Generator {name: $a})-[:KIN*1..3]-(:Generator {name: $b})
WITH path, reduce(weakest = 1.0, k IN relationships(path) |
  CASE WHEN k.probability < weakest THEN k.probability ELSE weakest END) AS weakest
RETURN weakest AS weakest_probability, length(path) AS steps,
  reduce(line = '', n IN nodes(path) | line + CASE WHEN line = '' THEN '' ELSE ' - ' END + n.name) AS chain, path
ORDER BY weakest_probability DESC, steps, chain
LIMIT 1
