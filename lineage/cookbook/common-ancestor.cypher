// The nearest that two generators both derive from; one of the two themselves, where the other derives from it.
// $a generator: one of the two
// $b generator: the other
MATCH path = (:Generator {name: $a})-[:DERIVED_FROM*0..50]->(shared)
WITH shared, path ORDER BY length(path), reduce(line = '', n IN nodes(path) | line + n.name + '|')
WITH shared, head(collect(path)) AS from_a
MATCH path = (:Generator {name: $b})-[:DERIVED_FROM*0..50]->(shared)
WITH shared, from_a, path ORDER BY length(path), reduce(line = '', n IN nodes(path) | line + n.name + '|')
WITH shared, from_a, head(collect(path)) AS from_b
WITH shared.name AS name, from_a, from_b, length(from_a) AS steps_a, length(from_b) AS steps_b
WITH min(steps_a + steps_b) AS nearest, collect([name, steps_a, steps_b, from_a, from_b]) AS found
UNWIND found AS one
WITH one, nearest WHERE one[1] + one[2] = nearest
RETURN one[0] AS common_ancestor, one[1] AS steps_a, one[2] AS steps_b, one[3] AS path_a, one[4] AS path_b
ORDER BY common_ancestor
