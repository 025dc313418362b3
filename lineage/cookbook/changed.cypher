// Generators that are new since a date, or have a new version since.
// $since date: 2026-11, 2026-11-24 or 2026-11-24T12:00+00:00, by UTC
MATCH (g:Generator)
OPTIONAL MATCH (g)-[:HAS_FINGERPRINT]->(f:Fingerprint)
WITH g, CASE WHEN f IS NULL OR g.created > f.created THEN g.created ELSE f.created END AS changed_at
WHERE changed_at >= $since
RETURN g.name AS generator, changed_at, CASE WHEN g.created >= $since THEN 'new' ELSE 'new version' END AS change,
  g.version AS version, g.images AS images, g.family AS family, g AS node
ORDER BY changed_at, generator
