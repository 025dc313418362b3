// Pairs where one's fingerprint detects the other's images, and much less the reverse.
// $gap number = 0.2: the least difference of the two AUC
MATCH path = (a:Generator)-[there:CROSS_DETECTS]->(b:Generator)
MATCH (b)-[back:CROSS_DETECTS]->(a)
WHERE a.name <> b.name AND there.auc - back.auc >= $gap
RETURN a.name AS fingerprint, b.name AS images_of, there.auc AS auc, there.n AS n, back.auc AS reverse_auc,
  back.n AS reverse_n, there.auc - back.auc AS gap, path
ORDER BY gap DESC, fingerprint, images_of
