// Kinship and ancestry that rest on few images of one side or the other, the fewest first.
// $images integer = 16: fewer than this
MATCH path = (a:Generator)-[r:KIN|DERIVED_FROM]->(b:Generator)
WITH a, b, r, path, CASE WHEN b.images IS NULL OR a.images < b.images THEN a.images ELSE b.images END AS images
WHERE images < $images
RETURN a.name AS one, type(r) AS relationship, b.name AS two, images, r.probability AS probability,
  r.support AS support, path
ORDER BY images, one, relationship, two
