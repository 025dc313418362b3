// What derives from the same parent, or the same shared ancestor, as a generator does.
// $name generator: whose siblings
MATCH path = (:Generator {name: $name})-[:DERIVED_FROM]->(parent)<-[own:DERIVED_FROM]-(sibling:Generator)
RETURN sibling.name AS sibling_name, parent.name AS parent_name, 'Ancestor' IN labels(parent) AS shared,
  own.direction AS direction, own.probability AS probability, path
ORDER BY sibling_name, parent_name
