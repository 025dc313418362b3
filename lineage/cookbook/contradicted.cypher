// Declared parents that images or dates contradict, or that are declared in a ring.
MATCH path = (g:Generator)-[d:DECLARED_PARENT]->(parent:Generator)
WHERE d.contradicted IS NOT NULL
RETURN g.name AS generator, parent.name AS declared_parent, d.relation AS relation, d.contradicted AS contradicted_by,
  d.kin_probability AS kin_probability, g.images AS images, parent.images AS parent_images, d.source AS source, path
ORDER BY generator, declared_parent
