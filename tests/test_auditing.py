"""Declarations against images, titles of families, and what an addition changes, on registries of made generators."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import painting
import pytest
from sketching import sketch_file

import difreg
from difreg import Registry
from difreg.cli.main import run
from difreg.errors import InputError, NotFoundError
from difreg.lineage.answers import Audited, AuditRow
from difreg.lineage.auditing import Audit, Evidence
from difreg.lineage.keeping.population import Population
from difreg.registry.background import get
from difreg.registry.metadata import DeclaredParent, Metadata
from difreg.registry.profiles import Profile
from difreg.storage.records import GeneratorRecord, ParentRecord


@pytest.fixture
def registry(home: Path) -> Iterator[Registry]:
    with difreg.open(home) as opened:
        yield opened


def add(
    registry: Registry, name: str, number: int, *parents: str, n: int = 12, **facts: object
) -> difreg.lineage.answers.Added:
    """Register images of the made generator ``number``; each name has images of its own."""
    folder = registry.settings.home.parent / "sketches"
    seed = sum(ord(c) * 31**k for k, c in enumerate(name)) % 997
    declared = tuple(DeclaredParent(p, "fine-tune") for p in parents)
    return registry.add(name, [sketch_file(folder, number, n, seed)], metadata=Metadata(parents=declared, **facts))  # type: ignore[arg-type]


def line(registry: Registry, number: int, *names: str) -> None:
    for name in names:
        add(registry, name, number)


def row(answer: Audited, verdict: str, name: str) -> AuditRow:
    (found,) = [r for r in getattr(answer, verdict) if r.generator == name]
    return found


class TestParents:
    def test_a_right_card_agrees(self, registry: Registry) -> None:
        line(registry, 1, "a")
        add(registry, "b", 1, "a")
        found = row(registry.audit(), "agree", "b")
        assert (found.declared, found.inferred) == ("a", "family-1")
        assert found.probability > 0.99
        assert "card says a (family-1)" in found.text

    def test_another_family_contradicts(self, registry: Registry) -> None:
        line(registry, 1, "a", "b")
        line(registry, 2, "x", "y")
        registry.rename_family("family-2", "SD v1.x")
        add(registry, "z", 2, "a")
        found = row(registry.audit(), "contradict", "z")
        assert (found.declared, found.inferred) == ("a", "family-2")
        assert found.probability > 0.99
        assert found.text.startswith("card says a (family-1); fingerprint says SD v1.x (family-2), P ")

    def test_a_lacking_mark_contradicts_where_several_carry_it(self, registry: Registry) -> None:
        line(registry, 1, "a", "b")
        add(registry, "z", 9, "a")
        assert "too few of its kin are here" in row(registry.audit(), "silent", "z").text
        line(registry, 1, "c")
        found = row(registry.audit(), "contradict", "z")
        assert (found.inferred, found.probability > 0.95) == (None, True)
        assert "no kin of it" in found.text

    def test_a_stub_counts_by_its_other_children(self, registry: Registry) -> None:
        add(registry, "a", 1, "stub")
        assert "no other child" in row(registry.audit(), "silent", "a").text
        add(registry, "b", 1, "stub")
        assert row(registry.audit(), "agree", "b").inferred == "family-1"
        add(registry, "c", 1, "stub")
        line(registry, 2, "x", "y")
        add(registry, "z", 2, "stub")
        found = row(registry.audit(), "contradict", "z")
        assert (found.declared, found.inferred) == ("stub", "family-2")

    def test_a_stub_of_a_stub_counts_too(self, registry: Registry) -> None:
        add(registry, "a", 1, "inner")
        registry.add("inner", [sketch_file(registry.settings.home.parent / "s", 1, 12, 5)], metadata=parents("outer"))
        registry.remove("inner")
        add(registry, "b", 1, "outer")
        found = row(registry.audit(), "agree", "b")
        assert (found.declared, found.inferred) == ("outer", registry.families().families[0].family)

    def test_children_of_several_families_settle_nothing(self, registry: Registry) -> None:
        add(registry, "a", 1, "stub")
        add(registry, "x", 2, "stub")
        add(registry, "z", 1, "stub")
        assert "of several families" in row(registry.audit(), "silent", "z").text

    def test_a_merge_needs_one_parent_that_agrees(self, registry: Registry) -> None:
        line(registry, 1, "a", "b", "c")
        line(registry, 2, "x", "y")
        add(registry, "m", 2, "a", "x")
        answer = registry.audit()
        assert (row(answer, "agree", "m").declared, row(answer, "silent", "m").declared) == ("x", "a")
        assert "another declared parent agrees" in row(answer, "silent", "m").text
        assert not answer.contradict

    def test_kin_that_declare_the_same_parent_do_not_refute_each_other(self, registry: Registry) -> None:
        line(registry, 3, "scale")
        add(registry, "n0", 4, "scale")
        add(registry, "n1", 4, "scale")
        answer = registry.audit()
        assert not answer.contradict
        assert "declare the same descent" in row(answer, "silent", "n0").text
        add(registry, "n2", 4, base=True)  # an origin of their own
        assert {r.generator for r in registry.audit().contradict} == {"n0", "n1"}

    def test_a_false_root_does_not_hide_behind_its_true_children(self, registry: Registry) -> None:
        line(registry, 3, "alien")
        add(registry, "old", 4, base=True)
        add(registry, "root", 4, "alien")
        add(registry, "child", 4, "root")
        answer = registry.audit()
        assert [r.generator for r in answer.contradict] == ["root"]
        assert row(answer, "agree", "child").declared == "root"

    def test_nothing_declared_is_silent_and_says_the_family(self, registry: Registry) -> None:
        line(registry, 1, "a", "b")
        found = row(registry.audit(), "silent", "a")
        assert (found.declared, found.inferred) == (None, "family-1")

    def test_the_prior_moves_the_answer_and_is_checked(self, registry: Registry) -> None:
        line(registry, 1, "a", "b", "c")
        add(registry, "z", 9, "a")
        one, two = (row(registry.audit(prior=p), "contradict", "z").probability for p in (0.5, 0.1))
        assert two > one
        with pytest.raises(InputError, match="between 0 and 1"):
            registry.audit(prior=1)


def parents(*names: str) -> Metadata:
    return Metadata(parents=tuple(DeclaredParent(n, "fine-tune") for n in names))


class TestBases:
    def test_a_base_may_be_the_parent_of_its_kin(self, registry: Registry) -> None:
        add(registry, "base", 1, base=True, released="2022-08")
        add(registry, "early", 1, released="2022-07")  # release order forbids nothing
        assert row(registry.audit(), "agree", "base").inferred == "family-1"

    def test_a_base_cannot_be_younger_than_its_kin(self, registry: Registry) -> None:
        add(registry, "base", 1, base=True, not_before="2023")
        add(registry, "old", 1, released="2022-07")
        found = row(registry.audit(), "contradict", "base")
        assert (found.declared, found.inferred) == ("base", "family-1")
        assert "old was there before it can have been (2023-01-01)" in found.text

    def test_a_base_without_kin_is_silent(self, registry: Registry) -> None:
        add(registry, "base", 1, base=True)
        add(registry, "other", 2)
        assert "which says nothing" in row(registry.audit(), "silent", "base").text


def record(name: str, *declared: str) -> GeneratorRecord:
    known = dict.fromkeys(("base", "source", "certainty", "note", "licence", "url", "family"))
    dates = dict.fromkeys(("released", "released_latest", "not_before", "not_before_earliest"))
    told = tuple(ParentRecord(p) for p in declared)
    created = datetime(2026, 1, 1, tzinfo=UTC)
    return GeneratorRecord(0, name, True, removed=False, parents=told, tags={}, created=created, **known, **dates)  # type: ignore[arg-type]


def made(name: str, number: int, seed: int, n: int = 12, strength: float = 30.0) -> Profile:
    from difreg.registry.profiles import profile

    contents = tuple(painting.contents(1000 * number + seed, n))
    return profile(
        name, contents, painting.sketched(painting.pattern(number), n, 1000 * number + seed, strength), get(), 1
    )


def test_weak_and_jpeg_images_say_nothing() -> None:
    members = [made(n, 1, k) for k, n in enumerate("abc")]
    weak = made("weak", 2, 7, n=4, strength=0.5)
    assert weak.reliability < 0.5
    jpeg = jpegged("jpeg", 3)
    assert jpeg.fingerprint.flagged
    names = [*"abc", "weak", "jpeg"]
    audit = Audit(
        [record(n, *(["a"] if n in {"weak", "jpeg"} else [])) for n in names],
        Population.of([*members, weak, jpeg]),
        [],
        get(),
    )
    found = {f.row.generator: f for f in audit.findings(only=["weak", "jpeg"])}
    assert {f.verdict for f in found.values()} == {"silent"}
    assert "too weak" in found["weak"].row.text
    assert "JPEG" in found["jpeg"].row.text


def jpegged(name: str, seed: int) -> Profile:
    from difreg.registry.profiles import profile

    direction = get().jpeg[0]
    contents = tuple(painting.contents(7000 + seed, 12))
    return profile(name, contents, painting.sketched(direction, 12, 7000 + seed, 30.0), get(), 1)


def test_shared_images_make_no_agreement() -> None:
    one = made("a", 1, 0)
    copy = made("b", 1, 0)
    assert one.contents == copy.contents
    audit = Audit([record("a"), record("b", "a")], Population.of([one, copy]), [], get())
    (found,) = audit.findings(only=["b"])
    assert found.verdict == "silent"


def test_the_posterior_is_bayes_rule() -> None:
    evidence = Evidence({"d": 3.0, "f": 10.0, "g": 0.5}, {})
    weights = {"d": 0.6 * 3, "f": 0.1 * 10, "g": 0.1 * 0.5, "none": 0.2}
    total = sum(weights.values())
    assert evidence.posterior("d", 0.6) == pytest.approx({k: weights[k] / total for k in "dfg"})
    undeclared = evidence.posterior(None, 0.6)
    total = 0.5 + (3 + 10 + 0.5) / 6
    assert undeclared["f"] == pytest.approx(10 / 6 / total)
    assert Evidence({"d": 4.0}, {}).posterior("d", 0.5) == {"d": pytest.approx(0.8)}


class TestTitles:
    def test_a_title_stays_with_the_name(self, registry: Registry) -> None:
        line(registry, 1, "a", "b")
        answer = registry.rename_family("family-1", "  SD v1.x / LDM ")
        assert (answer.family, answer.title, answer.before) == ("family-1", "SD v1.x / LDM", None)
        line(registry, 1, "c")
        (family,) = registry.families().families
        assert (family.title, len(family.members)) == ("SD v1.x / LDM", 3)
        assert registry.rename_family("family-1", "").before == "SD v1.x / LDM"
        assert registry.families().families[0].title is None
        told = [r.text for r in registry.history("family-1").changes]
        assert told == ["new: a, b", "title: SD v1.x / LDM", "title: removed, was SD v1.x / LDM"]

    def test_the_graph_has_the_new_title(self, registry: Registry) -> None:
        line(registry, 1, "a", "b")
        asked = "MATCH (f:Family) RETURN f.caption"
        assert registry.query(asked).rows[0]["f.caption"] is None
        registry.rename_family("family-1", "SD")
        assert registry.query(asked).rows[0]["f.caption"] == "SD"

    def test_what_is_refused(self, registry: Registry) -> None:
        line(registry, 1, "a", "b")
        line(registry, 2, "x", "y")
        registry.rename_family("family-1", "SD")
        with pytest.raises(InputError, match="already"):
            registry.rename_family("family-2", "SD")
        with pytest.raises(InputError, match="already"):
            registry.rename_family("family-2", "family-1")
        with pytest.raises(InputError, match="invisible"):
            registry.rename_family("family-2", "a\x1b[31m")
        with pytest.raises(NotFoundError, match="No family") as caught:
            registry.rename_family("family-3", "x")
        assert "family-1" in caught.value.hint

    def test_a_name_that_is_gone_does_not_come_back(self, registry: Registry) -> None:
        line(registry, 1, "a", "b")
        registry.remove("b")
        assert not registry.families().families
        line(registry, 1, "c")
        assert registry.families().families[0].family == "family-2"

    def test_homes_without_the_counter_tell_by_their_history(self, registry: Registry) -> None:
        line(registry, 1, "a", "b")
        registry.remove("b")
        with registry._writing() as tx:
            tx.set_setting("last_family", "")
        line(registry, 1, "c")
        assert registry.families().families[0].family == "family-2"


class TestChanges:
    def told(self, answer: difreg.lineage.answers.Added) -> list[tuple[str, str, str]]:
        return [(c.code, c.subject, c.text) for c in answer.changes]

    def test_families(self, registry: Registry) -> None:
        assert self.told(add(registry, "a", 1)) == []
        assert self.told(add(registry, "b", 1)) == [
            ("new", "family-1", "new: a, b"),
            ("joined", "a", "joined family-1"),
            ("joined", "b", "joined family-1"),
        ]
        assert self.told(add(registry, "c", 1)) == [("joined", "c", "joined family-1")]
        assert self.told(add(registry, "c", 1)) == []

    def test_a_contradicted_card_is_told_once_and_kept(self, registry: Registry) -> None:
        line(registry, 1, "a", "b", "c")
        (change,) = add(registry, "z", 9, "a").changes
        assert (change.code, change.subject) == ("contradicted", "z")
        assert self.told(add(registry, "z", 9, "a")) == []
        assert change.text in [r.text for r in registry.history("z").changes]
        assert [c.code for c in add(registry, "z", 9, "nobody").changes] == ["cleared"]

    def test_a_parent_that_gets_images_may_contradict_its_children(self, registry: Registry) -> None:
        add(registry, "z", 2, "p")
        line(registry, 2, "x", "y")
        assert ("contradicted", "z") in [(c.code, c.subject) for c in add(registry, "p", 1).changes]


class TestVerb:
    def test_exit_codes_and_json(self, registry: Registry, capsys: pytest.CaptureFixture[str]) -> None:
        line(registry, 1, "a", "b", "c")
        assert run(["audit", "--fail-on", "contradiction"]) == 0
        add(registry, "z", 9, "a")
        capsys.readouterr()
        assert run(["audit", "--format", "json"]) == 0
        found = json.loads(capsys.readouterr().out)
        assert found["schema"] == "difreg/audit"
        assert {"agree", "contradict", "silent", "provenance"} <= set(found)
        assert set(found["contradict"][0]) == {"generator", "declared", "inferred", "probability", "text"}
        assert run(["audit", "--fail-on", "contradiction"]) == 1
        out = capsys.readouterr().out
        assert "4 declarations: 1 contradicted, 0 in agreement, 3 in silence" in out
        assert run(["audit", "--prior", "0"]) == 2

    def test_families_alone_and_rename(self, registry: Registry, capsys: pytest.CaptureFixture[str]) -> None:
        line(registry, 1, "a", "b")
        assert run(["families", "rename", "family-1", "SD"]) == 0
        assert "family-1 is titled SD" in capsys.readouterr().out
        assert run(["families", "--format", "json"]) == 0
        assert json.loads(capsys.readouterr().out)["families"][0]["title"] == "SD"
        assert run(["families", "rename", "family-9", "X"]) == 2

    def test_add_says_what_changed_on_standard_error(
        self, registry: Registry, capsys: pytest.CaptureFixture[str]
    ) -> None:
        line(registry, 1, "a")
        file = sketch_file(registry.settings.home.parent / "more", 1, 12, 77)
        capsys.readouterr()
        assert run(["add", "b", str(file)]) == 0
        said = capsys.readouterr()
        assert "b: joined family-1" in said.err
        assert "joined" not in said.out
