// What a generator derives from, step by step; each ancestor with the reason of the step that reaches it.
// $name generator: whose ancestors
MATCH path = (:Generator {name: $name})-[:DERIVED_FROM*1..50]->(ancestor)
WITH ancestor, path ORDER BY length(path), reduce(line = '', n IN nodes(path) | line + n.name + '|')
WITH ancestor, head(collect(path)) AS path
WITH ancestor, path, last(relationships(path)) AS step
RETURN ancestor.name AS ancestor_name, 'Ancestor' IN labels(ancestor) AS shared, length(path) AS steps,
  step.direction AS direction, step.probability AS probability, step.reason AS reason, path
ORDER BY steps, ancestor_name
