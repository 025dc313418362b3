// Families and their members, the largest first.
MATCH (f:Family)<-[:MEMBER_OF]-(g:Generator)
WITH f, g ORDER BY g.name
WITH f, collect(g.name) AS members
RETURN f.name AS family, f.caption AS title, size(members) AS size, f.support AS support, members
ORDER BY size DESC, family
