// What derives from a generator, step by step; each descendant with the reason of its own step.
// $name generator: whose descendants
MATCH path = (:Generator {name: $name})<-[:DERIVED_FROM*1..50]-(descendant)
WITH descendant, path ORDER BY length(path), reduce(line = '', n IN nodes(path) | line + n.name + '|')
WITH descendant, head(collect(path)) AS path
WITH descendant, path, last(relationships(path)) AS step
RETURN descendant.name AS descendant_name, 'Ancestor' IN labels(descendant) AS shared, length(path) AS steps,
  step.direction AS direction, step.probability AS probability, step.reason AS reason, path
ORDER BY steps, descendant_name
