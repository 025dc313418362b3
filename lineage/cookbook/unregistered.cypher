// Declared parents without images here, by how many children name them: what to register next.
MATCH (parent:Generator) WHERE NOT parent.observed
OPTIONAL MATCH (parent)<-[:DECLARED_PARENT]-(g:Generator)
WITH parent, g ORDER BY g.name
WITH parent, collect(g.name) AS children
RETURN parent.name AS parent_name, size(children) AS size, children
ORDER BY size DESC, parent_name
