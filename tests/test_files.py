"""What a user asked to be written is there whole, or one line says why it is not."""

from __future__ import annotations

from pathlib import Path

import pytest

import difreg
from difreg.errors import InputError
from difreg.files import write_whole

DEMO = Path(__file__).parent.parent / "demo"


def test_a_file_is_replaced_whole_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    write_whole(tmp_path / "new" / "x", b"one")
    write_whole(tmp_path / "new" / "x", b"two")
    assert [(p.name, p.read_bytes()) for p in (tmp_path / "new").iterdir()] == [("x", b"two")]


def test_a_sketch_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "x.sketch").mkdir()
    with difreg.open(tmp_path / "home") as registry, pytest.raises(InputError, match="cannot be written"):
        registry.sketch(sorted((DEMO / "noise0").iterdir())[:2], tmp_path / "x.sketch")
    assert [p.name for p in tmp_path.iterdir()] == ["x.sketch"]


def test_an_export_is_as_readable_as_any_file(tmp_path: Path) -> None:
    write_whole(tmp_path / "x", b"")
    (tmp_path / "plain").touch()
    assert (tmp_path / "x").stat().st_mode == (tmp_path / "plain").stat().st_mode
