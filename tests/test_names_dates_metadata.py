"""What users declare: names, dates, parents, and the CSV that holds them."""

from __future__ import annotations

import calendar
import csv
import unicodedata
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from difreg import dates
from difreg.errors import InputError
from difreg.names import MAX_NAME, check_name, shown
from difreg.registry.metadata import RELATIONS, DeclaredParent, Metadata, parse_parent, read_csv

few = settings(deadline=None, max_examples=60)
days = st.dates(date(1, 1, 1), date(9999, 12, 31))


def harmless(text: str) -> bool:
    return not any(unicodedata.category(c)[0] == "C" or unicodedata.category(c) in {"Zl", "Zp"} for c in text)


class TestShown:
    @few
    @example("\x1b[31m\x07\u202e\u200f\u2028\x9b\ud800\0\ufeff", 50)
    @given(st.text(), st.integers(1, 300))
    def test_nothing_invisible_survives(self, text: str, limit: int) -> None:
        out = shown(text, limit)
        assert harmless(out)
        assert len(out) <= limit
        out.encode()  # no half of a surrogate pair

    @few
    @given(st.text(st.characters(exclude_categories=("C", "Zl", "Zp")), max_size=200))
    def test_plain_text_is_left_alone(self, text: str) -> None:
        assert shown(text) == text

    def test_escapes_can_be_read(self) -> None:
        assert shown("a\x1b[0m\nb\u202e") == "a\\x1b[0m\\nb\\u202e"
        assert shown("x" * 10, 5) == "xxxx…"


class TestCheckName:
    @pytest.mark.parametrize(
        "name",
        ["sd14", "SDXL 1.0", "Kandinsky (2.2)", "модель", "生成器", "é", "x" * MAX_NAME, "a_b-c.d+e", "a'b", "1"],
    )
    def test_names(self, name: str) -> None:
        assert check_name(name) == name

    @pytest.mark.parametrize(
        "name",
        [
            "",
            " ",
            " a",
            "a ",
            "a\u00a0",
            "\x1b[31mred\x1b[0m",
            "a\x07",
            "a\nb",
            "a\tb",
            "a\0b",
            "a\x7f",
            "a\x9b31m",
            "\u202ecod.exe",
            "a\u200bb",
            "a\u2066b",
            "\ufeffa",
            "a\u2028b",
            "a\ud800",
            "a\ue000",
            "a/b",
            "../a",
            "a\\b",
            "a:b",
            "a@latest",
            "<b>a</b>",
            'a"b',
            "a`b",
            "a|b",
            "a*",
            "a?",
            "$HOME",
            "-rf",
            "--each",
            ".hidden",
            ".",
            "..",
            "x" * (MAX_NAME + 1),
        ],
    )
    def test_no_names(self, name: str) -> None:
        with pytest.raises(InputError) as caught:
            check_name(name)
        assert harmless(caught.value.message)
        assert len(caught.value.message) < 200
        assert caught.value.hint

    def test_one_name_however_it_is_composed(self) -> None:
        assert check_name("cafe\u0301") == check_name("caf\u00e9") == "caf\u00e9"

    def test_the_length_is_that_of_the_composed_name(self) -> None:
        assert len(check_name("e\u0301" * MAX_NAME)) == MAX_NAME

    def test_what_it_would_have_named_is_said(self) -> None:
        with pytest.raises(InputError, match="parent's name"):
            check_name("a/b", "parent's name")

    @few
    @given(st.text(max_size=140))
    def test_accepted_names_are_safe_and_stay_as_they_are(self, text: str) -> None:
        try:
            name = check_name(text)
        except InputError:
            return
        assert check_name(name) == name == unicodedata.normalize("NFC", text)
        assert harmless(name)
        assert shown(name) == name
        assert not set(name) & set('/\\:@<>"`|*?$')
        assert name.strip() == name
        assert 0 < len(name) <= MAX_NAME


class TestDates:
    @few
    @given(days)
    def test_a_day(self, day: date) -> None:
        found = dates.parse(day.isoformat())
        assert found.earliest == found.latest == day

    @few
    @given(st.integers(1, 9999), st.integers(1, 12))
    def test_a_month_and_a_year(self, year: int, month: int) -> None:
        found = dates.parse(f"{year:04}-{month:02}")
        assert found.earliest == date(year, month, 1)
        assert (found.latest.month, found.latest.day) == (month, calendar.monthrange(year, month)[1])
        whole = dates.parse(f"{year:04}")
        assert (whole.earliest, whole.latest) == (date(year, 1, 1), date(year, 12, 31))

    @few
    @given(days, days)
    def test_a_range(self, one: date, two: date) -> None:
        first, last = sorted((one, two))
        found = dates.parse(f" {first}..{last} ")
        assert (found.earliest, found.latest, found.text) == (first, last, f"{first}..{last}")
        if first != last:
            with pytest.raises(InputError, match="ends before it begins"):
                dates.parse(f"{last}..{first}")

    @pytest.mark.parametrize(
        ("text", "earliest", "latest"),
        [
            ("2024-02-29", date(2024, 2, 29), date(2024, 2, 29)),
            ("2024-02", date(2024, 2, 1), date(2024, 2, 29)),
            ("2023-02", date(2023, 2, 1), date(2023, 2, 28)),
            ("1900-02", date(1900, 2, 1), date(1900, 2, 28)),
            ("2022-07..2022-09", date(2022, 7, 1), date(2022, 9, 30)),
            ("2022 .. 2022-09-03", date(2022, 1, 1), date(2022, 9, 3)),
            ("2022..2022-03", date(2022, 1, 1), date(2022, 3, 31)),
            ("2022-03..2022", date(2022, 3, 1), date(2022, 12, 31)),
        ],
    )
    def test_by_hand(self, text: str, earliest: date, latest: date) -> None:
        found = dates.parse(text)
        assert (found.earliest, found.latest) == (earliest, latest)

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "..",
            "2022..",
            "..2022",
            "2022..2023..2024",
            "2022-13",
            "2022-00",
            "2022-02-30",
            "2023-02-29",
            "2022-01-00",
            "0000",
            "0000-01",
            "22",
            "2022-1",
            "2022-01-1",
            "20220101",
            "2022/01/01",
            "01-02-2022",
            "2022-01-01T00:00",
            "August 2022",
            "2022-01-01\n2023",
            "２０２２",
            "-2022",
            "2022-",
            "\x1b[31m",
        ],
    )
    def test_no_dates(self, text: str) -> None:
        with pytest.raises(InputError) as caught:
            dates.parse(text)
        assert caught.value.hint
        assert harmless(caught.value.message)

    @few
    @given(st.text(max_size=30))
    def test_any_text_is_a_date_or_told(self, text: str) -> None:
        try:
            found = dates.parse(text)
        except InputError as error:
            told = error.message
        else:
            told = ""
            assert found.earliest <= found.latest
        assert harmless(told)


class TestMetadata:
    def test_nothing_declared_is_allowed(self) -> None:
        assert Metadata() == Metadata(parents=(), tags={})

    @pytest.mark.parametrize("field", ["released", "not_before"])
    def test_dates_are_checked(self, field: str) -> None:
        with pytest.raises(InputError):
            Metadata(**{field: "soon"})  # type: ignore[arg-type]

    @few
    @given(days, days)
    def test_the_birth_span_is_not_empty(self, released: date, not_before: date) -> None:
        if not_before > released:
            with pytest.raises(InputError, match="later than released"):
                Metadata(released=str(released), not_before=str(not_before))
        else:
            assert Metadata(released=str(released), not_before=str(not_before)).base is None

    def test_vague_dates_are_given_the_benefit(self) -> None:
        Metadata(released="2022", not_before="2022-12-31")
        Metadata(released="2022-01..2023", not_before="2022-06")
        with pytest.raises(InputError):
            Metadata(released="2022-06", not_before="2022-07..2023")

    def test_a_base_has_no_parents(self) -> None:
        parent = DeclaredParent("sd14")
        with pytest.raises(InputError, match="no parents"):
            Metadata(base=True, parents=(parent,))
        assert Metadata(base=False, parents=(parent,)).parents == (parent,)


class TestParent:
    @pytest.mark.parametrize("relation", RELATIONS)
    def test_every_relation(self, relation: str) -> None:
        assert parse_parent(f"sd14:{relation}", "card") == DeclaredParent("sd14", relation, "card")

    @pytest.mark.parametrize("text", ["sd14", "sd14:"])
    def test_without_relation(self, text: str) -> None:
        assert parse_parent(text) == DeclaredParent("sd14", "unknown")

    @pytest.mark.parametrize("text", ["", ":fine-tune", "sd14:cousin", "sd14:fine-tune:x", "a/b", "-x", "a:\x1b[31m"])
    def test_no_parents(self, text: str) -> None:
        with pytest.raises(InputError) as caught:
            parse_parent(text)
        assert harmless(caught.value.message)


class TestCsv:
    def read(self, tmp_path: Path, text: str, encoding: str = "utf-8") -> dict[str, Metadata]:
        (tmp_path / "facts.csv").write_bytes(text.encode(encoding))
        return read_csv(tmp_path / "facts.csv")

    def test_a_file_like_truth(self, tmp_path: Path) -> None:
        found = self.read(
            tmp_path,
            "slug,kind,family,parent,relation,released,source,colour\n"
            "sd14,generator,ldm-sd1,none,,2022-08-22,card,red\n"
            "tuned,generator,ldm-sd1,sd14,fine-tune,2022-09..2022-10,page,\n"
            "odd,generator,,unknown,unknown,,,\n"
            'quoted,generator,"a, b",sd14,a relation of its own,,"said ""so""",\n'
            "bare,generator\n",
        )
        assert list(found) == ["sd14", "tuned", "odd", "quoted", "bare"]
        assert found["sd14"] == Metadata(released="2022-08-22", base=True, source="card")
        assert found["tuned"].parents == (DeclaredParent("sd14", "fine-tune", "page"),)
        assert found["tuned"].released == "2022-09..2022-10"
        assert found["odd"] == found["bare"] == Metadata()
        assert found["quoted"].parents == (DeclaredParent("sd14", "unknown", 'said "so"'),)

    def test_every_column(self, tmp_path: Path) -> None:
        found = self.read(
            tmp_path,
            "name,released,not_before,base,source,certainty,note\nx, 2022-08 ,2022,yes,card,high,a note\n",
        )
        assert found == {
            "x": Metadata(
                released="2022-08", not_before="2022", base=True, source="card", certainty="high", note="a note"
            )
        }

    @pytest.mark.parametrize(
        ("cell", "base"), [("yes", True), ("TRUE", True), ("1", True), ("no", False), ("0", False), ("", None)]
    )
    def test_base(self, tmp_path: Path, cell: str, base: bool | None) -> None:
        assert self.read(tmp_path, f"name,base\nx,{cell}\n")["x"].base is base

    def test_a_byte_order_mark_and_windows_lines(self, tmp_path: Path) -> None:
        found = self.read(tmp_path, "name,released\r\nx,2022\r\n", "utf-8-sig")
        assert found["x"].released == "2022"

    def test_name_comes_before_slug(self, tmp_path: Path) -> None:
        assert list(self.read(tmp_path, "slug,name\ns,n\n")) == ["n"]

    @pytest.mark.parametrize(
        ("row", "told"),
        [
            ("bad,2022-02-30,,", "2022-02-30"),
            ("bad,2022,2023,", "later than released"),
            ("bad,,,perhaps", "perhaps"),
            ("bad,\x1b[31m2022,,", "not a date"),
        ],
    )
    def test_a_bad_cell_names_its_line(self, tmp_path: Path, row: str, told: str) -> None:
        with pytest.raises(InputError) as caught:
            self.read(tmp_path, f"name,released,not_before,base\nfine,2022,,\n{row}\nnext,,,\n")
        assert "line 3" in caught.value.message
        assert told in caught.value.message
        assert harmless(caught.value.message)
        assert caught.value.hint

    def test_a_bad_parent_names_its_line(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="line 2"):
            self.read(tmp_path, "name,parent\nx,a/b\n")

    def test_a_base_with_a_parent_names_its_line(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="line 2"):
            self.read(tmp_path, "name,parent,base\nx,sd14,yes\n")

    @pytest.mark.parametrize("text", ["", "\n", "colour,shape\nred,round\n"])
    def test_no_column_of_names(self, tmp_path: Path, text: str) -> None:
        with pytest.raises(InputError, match="no column 'name' or 'slug'"):
            self.read(tmp_path, text)

    @pytest.mark.parametrize("data", [b"name\n\xff\xfe\n", b"name,note\nx," + b"y" * 200_000 + b"\n", b"na\xffme\n"])
    def test_no_csv(self, tmp_path: Path, data: bytes) -> None:
        (tmp_path / "facts.csv").write_bytes(data)
        with pytest.raises(InputError, match="cannot be read as CSV") as caught:
            read_csv(tmp_path / "facts.csv")
        assert harmless(caught.value.message)

    def test_missing_or_a_folder(self, tmp_path: Path) -> None:
        for path in (tmp_path / "none.csv", tmp_path):
            with pytest.raises(InputError, match="cannot be read"):
                read_csv(path)

    @settings(few, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        st.dictionaries(
            st.text(st.characters(categories=("L", "N")), min_size=1, max_size=8),
            st.text(st.characters(exclude_categories=("C",)), max_size=20),
            max_size=5,
        )
    )
    def test_notes_come_back_as_they_were(self, tmp_path: Path, notes: dict[str, str]) -> None:
        with (tmp_path / "facts.csv").open("w", newline="", encoding="utf-8") as stream:
            csv.writer(stream).writerows([("name", "note"), *notes.items()])
        found = read_csv(tmp_path / "facts.csv")
        assert {n: m.note for n, m in found.items()} == {n: text.strip() or None for n, text in notes.items()}

    @pytest.mark.zoo
    def test_the_collections_own(self, collection: Path) -> None:
        found = read_csv(collection / "truth.csv")
        assert len(found) >= 36
        assert found["sd14-chenke-reg"].parents or found["sd14-chenke-reg"].base is not None


def test_a_day_more_is_a_day_more() -> None:
    first = dates.parse("2022-12-31")
    assert dates.parse("2023").earliest - first.latest == timedelta(days=1)
