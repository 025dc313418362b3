"""Versions appended, aliases, tags, other names, removal for good, and a history that tells what was current when."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sketching import sketch_file

import difreg
from difreg import Registry
from difreg.errors import InputError, NotFoundError
from difreg.lineage.keeping import history
from difreg.registry.metadata import DeclaredParent, Metadata
from difreg.registry.references import Reference, check_alias, parse


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    with difreg.open(tmp_path / "home") as opened:
        yield opened


def add(registry: Registry, name: str, number: int, seed: int = 0, **more: object) -> difreg.lineage.answers.Added:
    folder = registry.settings.home.parent / "sketches"
    first, n = int(more.pop("first", 0)), int(more.pop("n", 12))  # type: ignore[call-overload]
    return registry.add(name, [sketch_file(folder, number, n, seed, first)], **more)  # type: ignore[arg-type]


def texts(registry: Registry, name: str | None = None) -> list[str]:
    return [f"{row.verb} {row.subject}: {row.text}" for row in registry.history(name).changes]


def blobs(registry: Registry) -> list[str]:
    return sorted(p.stem for p in registry.settings.home.rglob("*.safetensors"))


def named(*parents: str) -> Metadata:
    return Metadata(parents=tuple(DeclaredParent(p, "fine-tune") for p in parents))


class TestReferences:
    @pytest.mark.parametrize(
        ("text", "meant"),
        [
            ("sd", Reference("sd")),
            ("sd:3", Reference("sd", number=3, whole=False)),
            ("sd:latest", Reference("sd", whole=False)),
            ("sd@prod", Reference("sd", alias="prod", whole=False)),
            ("a b (c)@x y", Reference("a b (c)", alias="x y", whole=False)),
        ],
    )
    def test_what_is_meant(self, text: str, meant: Reference) -> None:
        assert parse(text) == meant

    @pytest.mark.parametrize(
        ("text", "hint"),
        [
            ("sd:v3", "sd:3"),
            ("sd:03", "sd:3"),
            ("sd:0", "sd:1"),
            ("sd:", "sd:1"),
            ("sd:3:4", "sd:latest"),
            ("sd:3@x", "sd@ALIAS"),
            ("sd:9999999999", "sd:1"),
            ("sd@latest", "sd:latest"),
            ("sd@", "letters"),
            ("sd@a:b", "letters"),
            ("@prod", "letters"),
            ("", "letters"),
            ("sd:\x1b[31m", "sd:1"),
        ],
    )
    def test_what_means_nothing(self, text: str, hint: str) -> None:
        with pytest.raises(InputError) as caught:
            parse(text)
        assert hint in caught.value.hint
        assert "\x1b" not in caught.value.message

    @pytest.mark.parametrize("alias", ["latest", "LATEST", "3", "v3", "V03", "a:b", "a@b", "-x", "", "a\x1b"])
    def test_no_aliases(self, alias: str) -> None:
        with pytest.raises(InputError):
            check_alias(alias)


class TestAppend:
    def test_a_version_from_old_sketches_and_new_images(self, registry: Registry) -> None:
        add(registry, "a", 1, n=8)
        grown = add(registry, "a", 1, first=8, n=6, append=True)
        assert (grown.version, grown.created, grown.images.used) == (2, True, 14)
        with difreg.open(registry.settings.home.parent / "other") as other:
            whole = other.add("a", [sketch_file(registry.settings.home.parent, 1, 14)])
        assert whole.digest == grown.digest
        assert len(grown.provenance.images) == 14

    def test_duplicates_are_dropped_and_nothing_new_makes_no_version(self, registry: Registry) -> None:
        add(registry, "a", 1, n=8)
        grown = add(registry, "a", 1, first=6, n=4, append=True)
        assert (grown.images.used, [s.code for s in grown.images.skipped]) == (10, ["duplicate", "duplicate"])
        again = add(registry, "a", 1, first=6, n=4, append=True)
        assert (again.version, again.created) == (2, False)

    def test_one_new_image_is_enough(self, registry: Registry) -> None:
        add(registry, "a", 1, n=8)
        assert add(registry, "a", 1, first=8, n=1, append=True).images.used == 9

    def test_there_must_be_something_to_append_to(self, registry: Registry) -> None:
        with pytest.raises(NotFoundError, match="no version to append to"):
            add(registry, "a", 1, append=True)
        assert registry.list().generators == ()


class TestShow:
    def test_one_version(self, registry: Registry) -> None:
        add(registry, "a", 1)
        add(registry, "b", 1, seed=1)
        add(registry, "a", 1, seed=2, n=9)
        registry.alias("a:1", "first")
        for text, version, kin in (("a:1", 1, 0), ("a@first", 1, 0), ("a:2", 2, 1), ("a:latest", 2, 1)):
            shown = registry.show(text)
            assert [v.version for v in shown.versions] == [version]
            assert len(shown.kin) == kin
            assert len(shown.provenance.images) == {1: 12, 2: 9}[version]
        assert [v.aliases for v in registry.show("a").versions] == [("first",), ()]
        for text, hint in (("a:3", "1 to 2"), ("a@frist", "first"), ("aa", "Did you mean a")):
            with pytest.raises(NotFoundError) as caught:
                registry.show(text)
            assert hint in caught.value.hint

    def test_a_stub_has_no_version(self, registry: Registry) -> None:
        add(registry, "a", 1, metadata=named("p"))
        assert registry.show("p").versions == ()
        with pytest.raises(NotFoundError, match="no images"):
            registry.show("p:1")


class TestCompare:
    def test_versions_of_one_generator_and_of_others(self, registry: Registry) -> None:
        add(registry, "a", 1)
        add(registry, "a", 2)
        add(registry, "b", 1, seed=1)
        registry.alias("a:1", "old")
        assert registry.compare("a", "b").verdict == "none"
        old = registry.compare("b", "a@old")
        assert (old.a, old.b, old.verdict) == ("b", "a:1", "kin")
        assert (old.kinship.generator, old.kinship.version) == ("a", 1)
        both = registry.compare("a:1", "a:2")
        first = both.cross_detection[0]
        assert (both.verdict, first.fingerprint, first.images) == ("none", "a:1", "a:2")

    def test_a_file_may_be_called_like_a_reference(self, registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
        add(registry, "a", 1)
        path = sketch_file(registry.settings.home.parent, 1, seed=3)
        path.rename(path.with_name("x@y.sketch"))
        monkeypatch.chdir(path.parent)
        assert registry.compare("a", "x@y.sketch").verdict == "kin"

    def test_only_whole_generators_are_excluded(self, registry: Registry) -> None:
        add(registry, "a", 1)
        with pytest.raises(InputError, match="as a whole"):
            registry.trace([sketch_file(registry.settings.home.parent, 1, seed=3)], exclude=["a:1"])


class TestAliases:
    def test_one_version_each_and_movable(self, registry: Registry) -> None:
        add(registry, "a", 1)
        add(registry, "a", 1, seed=1)
        assert (registry.alias("a:1", "prod").version, registry.alias("a", "next").version) == (1, 2)
        moved = registry.alias("a@next", "prod")
        assert (moved.version, moved.before) == (2, 1)
        assert registry.list().generators[0].aliases == ("next", "prod")
        before = registry.history()
        assert registry.alias("a:2", "prod").before == 2
        assert registry.history() == before
        assert registry.unalias("a", "prod").before == 2
        assert texts(registry, "a")[2:] == [
            "alias a: prod: version 1",
            "alias a: next: version 2",
            "alias a: prod: version 2, was 1",
            "alias a: prod: removed, was version 2",
        ]
        with pytest.raises(NotFoundError):
            registry.unalias("a", "prod")

    def test_the_same_word_for_two_generators(self, registry: Registry) -> None:
        for name, number in (("a", 1), ("b", 2)):
            add(registry, name, number)
            registry.alias(name, "prod")
        assert registry.show("b@prod").generator.name == "b"

    def test_the_registry_is_another_one_then(self, registry: Registry) -> None:
        add(registry, "a", 1)
        before = registry.list().provenance.registry
        registry.alias("a", "prod")
        assert registry.list().provenance.registry != before


class TestTags:
    def test_given_changed_and_taken(self, registry: Registry) -> None:
        add(registry, "a", 1, metadata=Metadata(tags={"k": "1"}))
        assert registry.tag("a", {"k": "2", "l": "3"}).tags == {"k": "2", "l": "3"}
        assert registry.tag("a", remove=["k"]).tags == {"l": "3"}
        assert texts(registry, "a")[2:] == ["tag a: tag k 1 -> 2; tag l none -> 3", "tag a: tag k 2 -> none"]
        with pytest.raises(NotFoundError, match="no tag 'k'"):
            registry.tag("a", {"m": "1"}, remove=["k"])
        assert registry.show("a").generator.tags == {"l": "3"}


class TestRename:
    def test_everything_follows(self, registry: Registry) -> None:
        add(registry, "a", 1, metadata=named("root"))
        add(registry, "z", 1, seed=1, metadata=named("a"))
        registry.alias("a", "prod")
        before = registry.show("z").kin
        answer = registry.rename("a", "zz")
        assert (answer.before, answer.generator, answer.children) == ("a", "zz", ("z",))
        shown = registry.show("zz")
        assert (shown.generator.aliases, [p.name for p in shown.generator.parents]) == (("prod",), ["root"])
        assert [p.name for p in registry.show("z").generator.parents] == ["zz"]
        assert [k.generator for k in registry.show("z").kin] == ["zz"]
        assert [k.kinship for k in registry.show("z").kin] == [k.kinship for k in before]
        assert registry.families().families[0].members == ("z", "zz")
        with registry._catalog.read() as tx:
            assert [(k.a, k.b) for k in tx.kinship()] == [("z", "zz")]
        assert texts(registry, "zz")[0].startswith("add a: ")
        assert texts(registry, "zz")[-1] == "rename zz: a is now zz"
        assert texts(registry, "z")[-1] == "rename z: parents a (fine-tune) -> zz (fine-tune)"
        with pytest.raises(NotFoundError) as caught:
            registry.show("a")
        assert caught.value.hint == "It is called zz now."
        assert add(registry, "zz", 1, seed=5).version == 2

    def test_the_old_name_starts_anew(self, registry: Registry) -> None:
        add(registry, "a", 1)
        registry.rename("a", "b")
        assert texts(registry, "a") == ["add a: version 1: 12 images, 0 skipped"]
        add(registry, "a", 2)
        assert len(texts(registry, "a")) == 1
        assert len(texts(registry, "b")) == 2

    def test_a_generator_takes_the_place_of_its_stub(self, registry: Registry) -> None:
        add(registry, "child", 1, metadata=named("stub"))
        add(registry, "mine", 2)
        assert registry.rename("mine", "stub").children == ("child",)
        assert {g.name: g.observed for g in registry.list().generators} == {"child": True, "stub": True}

    def test_names_that_are_taken(self, registry: Registry) -> None:
        add(registry, "a", 1, metadata=named("p"))
        add(registry, "b", 2)
        for old, new in (("a", "b"), ("b", "b"), ("a", "p"), ("a", "x/y"), ("a:1", "c")):
            with pytest.raises(InputError):
                registry.rename(old, new)
        registry.remove("b")
        with pytest.raises(InputError, match="removed generator") as caught:
            registry.rename("a", "b")
        assert "--purge" in caught.value.hint
        registry.remove("b", purge=True)
        registry.rename("a", "b")


class TestRemoval:
    def test_purged_for_good(self, registry: Registry) -> None:
        add(registry, "a", 1)
        add(registry, "b", 1)  # the very images of a's first version: one array for both
        add(registry, "a", 1, seed=1)
        assert len(blobs(registry)) == 2
        plan = registry.remove("a", purge=True, dry_run=True)
        assert (plan.versions, plan.arrays, plan.dry_run) == (2, 1, True)
        assert len(blobs(registry)) == 2
        assert len(registry.show("a").versions) == 2
        done = registry.remove("a", purge=True)
        assert (done.versions, done.arrays, done.dry_run) == (2, 1, False)
        assert len(blobs(registry)) == 1
        assert [g.name for g in registry.list().generators] == ["b"]
        assert texts(registry, "a")[-1] == "remove a: purged: 2 versions and 1 arrays are gone for good"
        assert registry.show("b").versions[0].digest == blobs(registry)[0]
        with sqlite3.connect(registry.settings.home / "catalog.db") as raw:
            for table in ("version", "image", "kinship", "cross_detection", "generator"):
                most = {"version": 1, "image": 12, "generator": 1}.get(table, 0)
                assert raw.execute(f"SELECT count(*) FROM {table}").fetchone()[0] == most, table  # noqa: S608
        raw.close()
        assert add(registry, "a", 1, seed=1).version == 1

    def test_refused_while_something_points_to_it(self, registry: Registry) -> None:
        add(registry, "a", 1)
        add(registry, "child", 2, metadata=named("a"))
        registry.alias("a", "prod")
        for dry_run in (True, False):
            with pytest.raises(InputError, match="declared parent of child"):
                registry.remove("a", purge=True, dry_run=dry_run)
        registry.remove("child", purge=True)
        with pytest.raises(InputError, match="alias 'prod'") as caught:
            registry.remove("a", purge=True)
        assert caught.value.hint == "Remove it first: difreg alias --remove a prod."
        registry.unalias("a", "prod")
        registry.remove("a", purge=True)
        assert registry.list().generators == ()

    def test_what_was_removed_can_be_purged_later(self, registry: Registry) -> None:
        add(registry, "a", 1)
        assert registry.remove("a", dry_run=True).versions == 1
        registry.remove("a")
        with pytest.raises(NotFoundError):
            registry.remove("a")
        assert registry.remove("a", purge=True).arrays == 1
        assert blobs(registry) == []

    def test_a_dry_run_says_that_a_stub_stays(self, registry: Registry) -> None:
        add(registry, "a", 1)
        add(registry, "child", 2, metadata=named("a"))
        assert registry.remove("a", dry_run=True).stub
        assert registry.remove("a").stub

    def test_a_removal_stopped_before_the_arrays_went_harms_nothing(
        self, registry: Registry, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        add(registry, "a", 1)

        def stopped(*_: object) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr("difreg.lineage.keeping.naming.sweep", stopped)
            with pytest.raises(KeyboardInterrupt):
                registry.remove("a", purge=True)
        assert registry.list().generators == ()
        assert add(registry, "a", 1).created


class TestHistory:
    def test_declared_facts_from_what_to_what(self, registry: Registry) -> None:
        add(registry, "a", 1, metadata=Metadata(released="2022-08", licence="mit"))
        add(registry, "a", 1, metadata=Metadata(released="2022-09", base=True))
        add(registry, "a", 1, metadata=Metadata(released="2022-09"))
        assert texts(registry, "a") == [
            "add a: licence none -> mit; released none -> 2022-08",
            "add a: version 1: 12 images, 0 skipped",
            "add a: base none -> yes; released 2022-08 -> 2022-09",
        ]

    def test_stubs_come_and_go(self, registry: Registry) -> None:
        add(registry, "a", 1, metadata=named("p"))
        add(registry, "a", 1, metadata=named("q"))
        assert texts(registry, "p") == ["add p: declared as a parent", "add p: declared by nobody any more"]
        registry.remove("a")
        assert texts(registry, "q")[-1] == "remove q: declared by nobody any more"
        assert texts(registry, "a")[-1] == "remove a: 1 versions"

    def test_families_by_name(self, registry: Registry) -> None:
        add(registry, "a", 1)
        add(registry, "b", 1, seed=1)
        assert texts(registry, "family-1") == ["add family-1: new: a, b"]
        assert texts(registry, "b")[-1] == "add b: joined family-1"
        add(registry, "c", 1, seed=2)
        assert texts(registry)[-1] == "add c: joined family-1"
        registry.remove("c")
        registry.remove("b")
        assert texts(registry, "family-1")[-1] == "remove family-1: dissolved"
        assert texts(registry, "a")[-1] == "remove a: left family-1"

    def test_families_merge_and_split(self, registry: Registry) -> None:
        from difreg.storage.records import FamilyRecord

        for name, number in (("a", 1), ("b", 2), ("c", 3), ("d", 4)):
            add(registry, name, number)

        def become(*families: FamilyRecord) -> list[str]:
            before = len(texts(registry))
            with registry._writing() as tx:
                were = tx.families()
                tx.set_families(families)
                history.log_families(tx, "add", were)
            return texts(registry)[before:]

        become(FamilyRecord("f", None, 1, ("a", "b")), FamilyRecord("g", None, 1, ("c", "d")))
        assert become(FamilyRecord("f", None, 1, ("a", "b", "c", "d"))) == [
            "add g: merged into f",
            "add c: moved from g to f",
            "add d: moved from g to f",
        ]
        assert become(FamilyRecord("f", None, 1, ("a", "b")), FamilyRecord("h", None, 1, ("c", "d"))) == [
            "add h: split from f",
            "add c: moved from f to h",
            "add d: moved from f to h",
        ]

    def test_nobody_of_that_name(self, registry: Registry) -> None:
        add(registry, "a", 1)
        with pytest.raises(NotFoundError, match="Nothing was ever called"):
            registry.history("b")


class TestAt:
    @pytest.mark.parametrize(
        ("text", "moment"),
        [
            ("2026-01-01", datetime(2026, 1, 1, 23, 59, 59, 999999, UTC)),
            ("2025", datetime(2025, 12, 31, 23, 59, 59, 999999, UTC)),
            ("2026-01-01T12:00", datetime(2026, 1, 1, 12, tzinfo=UTC)),
            ("2026-01-01T12:00+02:00", datetime(2026, 1, 1, 10, tzinfo=UTC)),
        ],
    )
    def test_moments(self, text: str, moment: datetime) -> None:
        assert history.moment(text) == moment

    @pytest.mark.parametrize("text", ["", "soon", "2026-13-01", "9999-12-31T23:59-23:00", "\x1b[31m"])
    def test_no_moments(self, text: str) -> None:
        with pytest.raises(InputError) as caught:
            history.moment(text)
        assert "\x1b" not in caught.value.message

    def test_what_was_current_then(self, registry: Registry) -> None:
        times: list[str] = []

        def then() -> None:
            times.append(datetime.now(UTC).isoformat())

        add(registry, "a", 1, metadata=Metadata(released="2022-08", tags={"k": "1"}))
        registry.alias("a", "prod")
        then()
        add(registry, "a", 1, seed=1, metadata=named("p"))
        registry.alias("a", "prod")
        registry.tag("a", {"k": "2"})
        add(registry, "b", 1, seed=2)
        then()
        registry.rename("a", "new")
        registry.remove("new")
        then()
        one = registry.show("new", at=times[0])
        assert (one.generator.name, one.generator.version, one.generator.family) == ("a", 1, None)
        assert (one.generator.tags, one.generator.parents, one.generator.released) == ({"k": "1"}, (), "2022-08")
        assert [(v.version, v.aliases) for v in one.versions] == [(1, ("prod",))]
        two = registry.show("new@prod", at=times[1])
        assert [(v.version, v.aliases) for v in two.versions] == [(2, ("prod",))]
        assert (two.generator.tags, [p.name for p in two.generator.parents]) == ({"k": "2"}, ["p"])
        assert two.generator.family == "family-1"
        with pytest.raises(NotFoundError, match="no version 2"):
            registry.show("new:2", at=times[0])
        with pytest.raises(NotFoundError, match="removed before"):
            registry.show("new", at=times[2])
        early = (datetime.now(UTC) - timedelta(days=2)).isoformat()
        with pytest.raises(NotFoundError, match="not registered"):
            registry.show("new", at=early)

    def test_now_is_as_it_is(self, registry: Registry) -> None:
        add(registry, "a", 1, metadata=Metadata(released="2022-08", not_before="2022", note="n", url="u"))
        add(registry, "b", 1, seed=1, metadata=named("a"))
        registry.alias("b", "prod")
        for name in ("a", "b"):
            now, then = registry.show(name), registry.show(name, at="2999")
            assert (now.generator, now.versions) == (then.generator, then.versions)

    def test_a_generator_that_was_a_stub_first(self, registry: Registry) -> None:
        add(registry, "child", 1, metadata=named("p"))
        time = datetime.now(UTC).isoformat()
        add(registry, "p", 2)
        then = registry.show("p", at=time)
        assert (then.generator.observed, then.versions) == (False, ())
        assert registry.show("p").generator.observed
