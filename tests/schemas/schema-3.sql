BEGIN TRANSACTION;
CREATE TABLE alias (
	generator_id INTEGER NOT NULL, 
	name TEXT NOT NULL, 
	number INTEGER NOT NULL, 
	PRIMARY KEY (generator_id, name), 
	FOREIGN KEY(generator_id) REFERENCES generator (id) ON DELETE CASCADE
);
CREATE TABLE change (
	id INTEGER NOT NULL, 
	time DATETIME NOT NULL, 
	verb TEXT NOT NULL, 
	subject TEXT NOT NULL, 
	text TEXT NOT NULL, generator_id INTEGER REFERENCES generator (id) ON DELETE SET NULL, changed JSON, 
	PRIMARY KEY (id)
);
INSERT INTO "change" VALUES(1,'2026-11-24 08:08:42.291295','add','sd','version 1: 2 images, 1 skipped',1,NULL);
CREATE TABLE cross_detection (
	fingerprint_id INTEGER NOT NULL, 
	images_id INTEGER NOT NULL, 
	fingerprint_version INTEGER NOT NULL, 
	images_version INTEGER NOT NULL, 
	score FLOAT, 
	auc FLOAT, 
	accuracy FLOAT, 
	p_value FLOAT, 
	n INTEGER NOT NULL, 
	PRIMARY KEY (fingerprint_id, images_id), 
	FOREIGN KEY(fingerprint_id) REFERENCES generator (id) ON DELETE CASCADE, 
	FOREIGN KEY(images_id) REFERENCES generator (id) ON DELETE CASCADE
);
INSERT INTO "cross_detection" VALUES(2,1,1,2,0.5,NULL,0.5,0.5,20);
CREATE TABLE family (
	id INTEGER NOT NULL, 
	name TEXT NOT NULL, 
	title TEXT, 
	support FLOAT, 
	PRIMARY KEY (id), 
	UNIQUE (name)
);
INSERT INTO "family" VALUES(1,'family-1','Title',0.9);
CREATE TABLE generator (
	id INTEGER NOT NULL, 
	name TEXT NOT NULL, 
	observed BOOLEAN NOT NULL, 
	base BOOLEAN, 
	released TEXT, 
	released_latest DATE, 
	not_before TEXT, 
	not_before_earliest DATE, 
	source TEXT, 
	certainty TEXT, 
	note TEXT, 
	family_id INTEGER, 
	last_number INTEGER NOT NULL, 
	created DATETIME NOT NULL, 
	removed DATETIME, licence TEXT, url TEXT, 
	PRIMARY KEY (id), 
	UNIQUE (name), 
	FOREIGN KEY(family_id) REFERENCES family (id) ON DELETE SET NULL
);
INSERT INTO "generator" VALUES(1,'sd',1,1,'2022-08','2022-08-31','2022','2022-01-01','card','sure','it''s ''quoted''',1,2,'2026-11-24 08:08:42.266184',NULL,NULL,NULL);
INSERT INTO "generator" VALUES(2,'child',1,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,1,1,'2026-11-24 08:08:42.277451',NULL,NULL,NULL);
INSERT INTO "generator" VALUES(3,'nobody',0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,'2026-11-24 08:08:42.278538',NULL,NULL,NULL);
INSERT INTO "generator" VALUES(4,'gone',1,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,1,'2026-11-24 08:08:42.285848','2026-11-24 08:08:42.287223',NULL,NULL);
CREATE TABLE image (
	version_id INTEGER NOT NULL, 
	place INTEGER NOT NULL, 
	file TEXT NOT NULL, 
	size BIGINT NOT NULL, 
	sha256 TEXT NOT NULL, 
	pixels TEXT NOT NULL, 
	PRIMARY KEY (version_id, place), 
	FOREIGN KEY(version_id) REFERENCES version (id) ON DELETE CASCADE
);
INSERT INTO "image" VALUES(1,0,'one.png',10,'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb');
INSERT INTO "image" VALUES(1,1,'zwei é.png',1099511627776,'cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc','eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee');
INSERT INTO "image" VALUES(3,0,'one.png',10,'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb');
INSERT INTO "image" VALUES(3,1,'zwei é.png',1099511627776,'cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc','eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee');
INSERT INTO "image" VALUES(4,0,'one.png',10,'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb');
INSERT INTO "image" VALUES(4,1,'zwei é.png',1099511627776,'cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc','eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee');
CREATE TABLE kinship (
	a_id INTEGER NOT NULL, 
	b_id INTEGER NOT NULL, 
	a_version INTEGER NOT NULL, 
	b_version INTEGER NOT NULL, 
	cosine FLOAT, 
	kinship FLOAT, 
	log10_likelihood_ratio FLOAT, 
	probability FLOAT, 
	low FLOAT, 
	high FLOAT, 
	support FLOAT, 
	accepted BOOLEAN NOT NULL, replicates TEXT, 
	PRIMARY KEY (a_id, b_id), 
	FOREIGN KEY(a_id) REFERENCES generator (id) ON DELETE CASCADE, 
	FOREIGN KEY(b_id) REFERENCES generator (id) ON DELETE CASCADE
);
INSERT INTO "kinship" VALUES(2,1,1,2,0.1,0.2,0.3,0.4,0.5,0.6,0.7,1,NULL);
CREATE TABLE meta (
	"key" TEXT NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY ("key")
);
INSERT INTO "meta" VALUES('schema','3');
INSERT INTO "meta" VALUES('denoiser','wavelet-1');
CREATE TABLE parent (
	child_id INTEGER NOT NULL, 
	parent_name TEXT NOT NULL, 
	relation TEXT NOT NULL, 
	source TEXT, 
	PRIMARY KEY (child_id, parent_name, relation), 
	FOREIGN KEY(child_id) REFERENCES generator (id) ON DELETE CASCADE
);
INSERT INTO "parent" VALUES(2,'sd','fine-tune','card');
INSERT INTO "parent" VALUES(2,'nobody','merge',NULL);
CREATE TABLE skipped (
	version_id INTEGER NOT NULL, 
	place INTEGER NOT NULL, 
	file TEXT NOT NULL, 
	code TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	PRIMARY KEY (version_id, place), 
	FOREIGN KEY(version_id) REFERENCES version (id) ON DELETE CASCADE
);
INSERT INTO "skipped" VALUES(1,0,'bad.png','broken','cannot be read');
INSERT INTO "skipped" VALUES(3,0,'bad.png','broken','cannot be read');
INSERT INTO "skipped" VALUES(4,0,'bad.png','broken','cannot be read');
CREATE TABLE tag (
	generator_id INTEGER NOT NULL, 
	"key" TEXT NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY (generator_id, "key"), 
	FOREIGN KEY(generator_id) REFERENCES generator (id) ON DELETE CASCADE
);
INSERT INTO "tag" VALUES(1,'k','v');
CREATE TABLE version (
	id INTEGER NOT NULL, 
	generator_id INTEGER NOT NULL, 
	number INTEGER NOT NULL, 
	digest TEXT NOT NULL, 
	identity TEXT NOT NULL, 
	solver TEXT NOT NULL, 
	denoiser TEXT NOT NULL, 
	background TEXT NOT NULL, 
	canvas INTEGER NOT NULL, 
	seed BIGINT, 
	tool TEXT NOT NULL, 
	created DATETIME NOT NULL, 
	images INTEGER NOT NULL, 
	reliability FLOAT, 
	separation FLOAT, 
	jpeg FLOAT, 
	caveats JSON NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (generator_id, number), 
	FOREIGN KEY(generator_id) REFERENCES generator (id)
);
INSERT INTO "version" VALUES(1,1,1,'dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd','i','lattice','wavelet-1','background-1',256,NULL,'difreg 0.1.0','2026-11-24 08:08:42.274377',2,0.5,0.75,0.25,'[["few", "2 images"]]');
INSERT INTO "version" VALUES(2,1,2,'eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee','j','lattice','wavelet-1','background-1',256,1099511627776,'difreg 0.1.0','2026-11-24 08:08:42.277172',2,NULL,0.75,0.25,'[["few", "2 images"]]');
INSERT INTO "version" VALUES(3,2,1,'dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd','i','lattice','wavelet-1','background-1',256,NULL,'difreg 0.1.0','2026-11-24 08:08:42.285472',2,0.5,0.75,0.25,'[["few", "2 images"]]');
INSERT INTO "version" VALUES(4,4,1,'dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd','i','lattice','wavelet-1','background-1',256,NULL,'difreg 0.1.0','2026-11-24 08:08:42.286043',2,0.5,0.75,0.25,'[["few", "2 images"]]');
CREATE INDEX ix_change_subject ON change (subject);
CREATE INDEX ix_generator_family_id ON generator (family_id);
CREATE INDEX ix_parent_parent_name ON parent (parent_name);
CREATE INDEX ix_kinship_b_id ON kinship (b_id);
CREATE INDEX ix_cross_detection_images_id ON cross_detection (images_id);
CREATE INDEX ix_change_generator_id ON change (generator_id);
COMMIT;
