// Generators that declare no origin and yet derive from something.
MATCH path = (g:Generator)-[d:DERIVED_FROM]->(parent)
WHERE g.observed AND NOT coalesce(g.base, false) AND NOT EXISTS { MATCH (g)-[:DECLARED_PARENT]->() }
RETURN g.name AS generator, parent.name AS parent_name, d.direction AS direction, d.probability AS probability,
  d.support AS support, d.reason AS reason, path
ORDER BY generator, parent_name
