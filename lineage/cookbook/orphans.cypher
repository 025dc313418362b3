// Generators with images, but without kin, family, parent or child.
MATCH (g:Generator)
WHERE g.observed AND NOT EXISTS { MATCH (g)-[:KIN|DERIVED_FROM|DECLARED_PARENT|MEMBER_OF]-() }
RETURN g.name AS generator, g.images AS images, g.reliability AS reliability, g.released AS released, g AS node
ORDER BY generator
