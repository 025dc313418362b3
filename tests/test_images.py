"""Images in: every way a file can be unusable, with a real file, and the ways a user can name files."""

from __future__ import annotations

import io
import os
import resource
import struct
import sys
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from painting import paint, write_set
from PIL import Image

from difreg.errors import DifregError, IncompatibleError, InputError, NotFoundError, TooFewImagesError
from difreg.registry.background import get
from difreg.registry.extraction import ImageSet, extract, extract_each, read_sketch, write_sketch
from difreg.registry.images import REASONS, Crop, UnusableImageError, drop_duplicates, find, open_crop
from difreg.registry.profiles import from_arrays, profile_of, to_arrays
from difreg.storage.blobs import dumps, loads

Pixels = NDArray[np.uint8]
shared_folder = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def pixels() -> Pixels:
    return paint(1, 1)


def code(path: Path) -> str:
    """The code an image is skipped with, or ``ok``."""
    try:
        open_crop(path)
    except UnusableImageError as error:
        found = error.code
    else:
        found = "ok"
    assert found in {*REASONS, "ok"}
    return found


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_header(width: int, height: int, depth: int = 8, colour: int = 2) -> bytes:
    ihdr = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + ihdr + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")


def sixteen_bit_png(pixels: Pixels) -> bytes:
    """16-bit RGB, which Pillow cannot write."""
    wide = pixels.astype(">u2") * 257
    rows = b"".join(b"\0" + row.tobytes() for row in wide)
    height, width = pixels.shape[:2]
    ihdr = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + ihdr + chunk(b"IDAT", zlib.compress(rows, 1)) + chunk(b"IEND", b"")


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)  # type: ignore[arg-type]
    return stream.getvalue()


def animated(pixels: Pixels, kind: str) -> bytes:
    frames = [Image.fromarray(pixels), Image.fromarray(pixels[::-1].copy())]
    return encoded(frames[0], kind, save_all=True, append_images=frames[1:], duration=100)


def with_alpha(pixels: Pixels, least: int) -> Image.Image:
    alpha = np.full((*pixels.shape[:2], 1), 255, np.uint8)
    alpha[0, 0] = least
    return Image.fromarray(np.concatenate([pixels, alpha], axis=2))


def palette(pixels: Pixels) -> Image.Image:
    return Image.fromarray(pixels).quantize(64)


def grey(pixels: Pixels) -> Image.Image:
    return Image.fromarray(pixels).convert("L")


def grey_alpha(pixels: Pixels, least: int) -> Image.Image:
    image = grey(pixels).convert("LA")
    image.putpixel((0, 0), (9, least))
    return image


CASES: dict[str, tuple[str, Callable[[Pixels], bytes]]] = {
    "text.png": ("broken", lambda _: b"this is no image\n" * 100),
    "empty.png": ("broken", lambda _: b""),
    "noise.jpg": ("broken", lambda _: bytes(range(256)) * 40),
    "html.webp": ("broken", lambda _: b"<!doctype html><img src=x onerror=alert(1)>"),
    "svg.png": ("broken", lambda _: b"<svg xmlns='http://www.w3.org/2000/svg' width='300' height='300'/>"),
    "truncated.png": ("broken", lambda p: (d := encoded(Image.fromarray(p), "PNG"))[: len(d) // 2]),
    "truncated.jpg": ("broken", lambda p: (d := encoded(Image.fromarray(p), "JPEG"))[: len(d) // 2]),
    "truncated.webp": ("broken", lambda p: (d := encoded(Image.fromarray(p), "WEBP"))[: len(d) // 2]),
    "truncated.bmp": ("broken", lambda p: (d := encoded(Image.fromarray(p), "BMP"))[: len(d) // 2]),
    "truncated.tif": ("broken", lambda p: (d := encoded(Image.fromarray(p), "TIFF"))[: len(d) // 2]),
    "damaged.png": ("broken", lambda p: (d := encoded(Image.fromarray(p), "PNG"))[:5000] + b"\0" * 50 + d[5050:]),
    "eps.png": ("broken", lambda p: encoded(Image.fromarray(p), "EPS")),
    "small.png": ("too_small", lambda p: encoded(Image.fromarray(p[:40, :40]), "PNG")),
    "narrow.png": ("too_small", lambda p: encoded(Image.fromarray(p[:, :255]), "PNG")),
    "low.png": ("too_small", lambda p: encoded(Image.fromarray(p[:255]), "PNG")),
    "flat.png": ("flat", lambda p: encoded(Image.new("RGB", (256, 256), (128, 128, 128)), "PNG")),
    "black.jpg": ("flat", lambda p: encoded(Image.new("RGB", (300, 300)), "JPEG")),
    "animated.gif": ("animated", lambda p: animated(p, "GIF")),
    "animated.webp": ("animated", lambda p: animated(p, "WEBP")),
    "animated.png": ("animated", lambda p: animated(p, "PNG")),
    "pages.tif": ("animated", lambda p: animated(p, "TIFF")),
    "still.gif": ("unsupported", lambda p: encoded(Image.fromarray(p), "GIF")),
    "wide.png": ("sixteen_bit", sixteen_bit_png),
    "wide_grey.png": ("sixteen_bit", lambda p: encoded(Image.fromarray(p[..., 0].astype(np.uint16) * 257), "PNG")),
    "wide_grey.tif": ("sixteen_bit", lambda p: encoded(Image.fromarray(p[..., 0].astype(np.uint16) * 257), "TIFF")),
    "float.tif": ("sixteen_bit", lambda p: encoded(Image.fromarray(p[..., 0].astype(np.float32)), "TIFF")),
    "long.tif": ("sixteen_bit", lambda p: encoded(Image.fromarray(p[..., 0].astype(np.int32)), "TIFF")),
    "cmyk.jpg": ("cmyk", lambda p: encoded(Image.fromarray(p).convert("CMYK"), "JPEG")),
    "cmyk.tif": ("cmyk", lambda p: encoded(Image.fromarray(p).convert("CMYK"), "TIFF")),
    "transparent.png": ("transparent", lambda p: encoded(with_alpha(p, 254), "PNG")),
    "transparent.webp": ("transparent", lambda p: encoded(with_alpha(p, 0), "WEBP", lossless=True)),
    "transparent_palette.png": ("transparent", lambda p: encoded(palette(p), "PNG", transparency=5)),
    "transparent_key.png": (
        "transparent",
        lambda p: encoded(Image.fromarray(p), "PNG", transparency=tuple(map(int, p[7, 7]))),
    ),
    "transparent_grey.png": ("transparent", lambda p: encoded(grey_alpha(p, 3), "PNG")),
    "huge.png": ("oversized", lambda _: png_header(50_000, 50_000)),
    "over_limit.png": ("oversized", lambda _: png_header(10_000, 10_000)),
    "huge_wide.png": ("oversized", lambda _: png_header(2_000_000_000, 2_000_000_000)),
    "opaque.png": ("ok", lambda p: encoded(with_alpha(p, 255), "PNG")),
    "palette.png": ("ok", lambda p: encoded(palette(p), "PNG")),
    "grey.png": ("ok", lambda p: encoded(grey(p), "PNG")),
    "opaque_grey.png": ("ok", lambda p: encoded(grey_alpha(p, 255), "PNG")),
    "bits.png": ("ok", lambda p: encoded(Image.fromarray(p).convert("1"), "PNG")),
    "colour.jpg": ("ok", lambda p: encoded(Image.fromarray(p), "JPEG")),
    "grey.jpg": ("ok", lambda p: encoded(grey(p), "JPEG")),
    "colour.bmp": ("ok", lambda p: encoded(Image.fromarray(p), "BMP")),
    "colour.tif": ("ok", lambda p: encoded(Image.fromarray(p), "TIFF", compression="tiff_lzw")),
    "lossy.webp": ("ok", lambda p: encoded(Image.fromarray(p), "WEBP")),
    "really_a_jpeg.png": ("ok", lambda p: encoded(Image.fromarray(p), "JPEG")),
}


@pytest.mark.parametrize("name", CASES)
def test_every_kind_of_file(name: str, pixels: Pixels, tmp_path: Path) -> None:
    expected, make = CASES[name]
    (tmp_path / name).write_bytes(make(pixels))
    assert code(tmp_path / name) == expected


def test_every_reason_is_seen_here() -> None:
    elsewhere = {"missing", "unreadable", "duplicate"}  # tests of their own below
    assert {c for c, _ in CASES.values()} == {*REASONS, "ok"} - elsewhere


@pytest.mark.parametrize("name", ["opaque.png", "colour.bmp", "colour.tif"])
def test_lossless_files_give_the_very_pixels(name: str, pixels: Pixels, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(CASES[name][1](pixels))
    assert np.array_equal(open_crop(tmp_path / name).pixels, pixels)


def test_palettes_and_grey_are_widened_to_colour(pixels: Pixels, tmp_path: Path) -> None:
    (tmp_path / "p.png").write_bytes(encoded(palette(pixels), "PNG"))
    assert np.array_equal(open_crop(tmp_path / "p.png").pixels, np.asarray(palette(pixels).convert("RGB")))
    (tmp_path / "l.png").write_bytes(encoded(grey(pixels), "PNG"))
    shades = open_crop(tmp_path / "l.png").pixels
    assert np.array_equal(shades, np.repeat(np.asarray(grey(pixels))[..., None], 3, axis=2))


def test_a_huge_header_costs_nothing(tmp_path: Path) -> None:
    path = tmp_path / "huge.png"
    path.write_bytes(png_header(50_000, 50_000))
    assert path.stat().st_size < 200
    before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter()
    assert code(path) == "oversized"
    assert time.perf_counter() - began < 0.1
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # kilobytes; the pixels are 7 GB


def test_a_file_of_a_gigabyte_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "large.png"
    with path.open("wb") as stream:
        stream.truncate((1 << 30) + 1)  # sparse
    began = time.perf_counter()
    assert code(path) == "oversized"
    assert time.perf_counter() - began < 0.1


class TestNoFiles:
    def test_missing(self, tmp_path: Path) -> None:
        assert code(tmp_path / "none.png") == "missing"

    def test_a_link_that_leads_nowhere(self, tmp_path: Path) -> None:
        (tmp_path / "x.png").symlink_to(tmp_path / "nothing")
        assert code(tmp_path / "x.png") == "missing"
        assert find([tmp_path / "x.png"]) == find([tmp_path]) == [tmp_path / "x.png"]

    def test_a_link_in_a_circle(self, tmp_path: Path) -> None:
        (tmp_path / "x.png").symlink_to(tmp_path / "x.png")
        assert code(tmp_path / "x.png") in {"missing", "unreadable"}

    def test_a_folder_with_an_images_name(self, tmp_path: Path) -> None:
        (tmp_path / "x.png").mkdir()
        (inside,) = write_set(tmp_path / "x.png", 1, 1, 0)
        assert find([tmp_path]) == [inside]
        assert code(tmp_path / "x.png") == "unreadable"

    def test_a_pipe_never_blocks(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "x.png")
        began = time.perf_counter()
        assert find([tmp_path]) == [tmp_path / "x.png"]
        assert code(tmp_path / "x.png") == "unreadable"
        assert time.perf_counter() - began < 1

    def test_a_device_is_not_read(self, tmp_path: Path) -> None:
        (tmp_path / "x.png").symlink_to("/dev/zero")
        assert code(tmp_path / "x.png") == "unreadable"

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
    def test_no_permission(self, tmp_path: Path) -> None:
        (path,) = write_set(tmp_path, 1, 1, 0)
        path.chmod(0)
        assert code(path) == "unreadable"

    def test_a_name_longer_than_a_file_system_has(self, tmp_path: Path) -> None:
        assert code(tmp_path / ("x" * 5000)) == "unreadable"


class TestCrop:
    def at(self, tmp_path: Path, width: int, height: int) -> tuple[Crop, Pixels]:
        whole = np.random.default_rng(width * height).integers(0, 256, (height, width, 3)).astype(np.uint8)
        Image.fromarray(whole).save(tmp_path / "x.png", compress_level=0)
        return open_crop(tmp_path / "x.png"), whole

    @settings(shared_folder, max_examples=25)
    @example(256, 256)
    @example(271, 272)
    @example(287, 288)
    @given(st.integers(256, 700), st.integers(256, 700))
    def test_the_middle_on_the_grid_of_sixteen(self, tmp_path: Path, width: int, height: int) -> None:
        crop, whole = self.at(tmp_path, width, height)
        left, top = ((side - 256) // 2 // 16 * 16 for side in (width, height))
        assert np.array_equal(crop.pixels, whole[top : top + 256, left : left + 256])
        for side, corner in ((width, left), (height, top)):
            assert corner % 16 == 0
            assert abs(corner + 128 - side / 2) <= 16  # and no nearer corner on the grid lies left of the middle

    def test_rotation_by_exif_is_ignored(self, pixels: Pixels, tmp_path: Path) -> None:
        exif = Image.Exif()
        exif[0x0112] = 6  # to be shown turned by 90 degrees
        Image.fromarray(pixels).save(tmp_path / "turned.jpg", exif=exif, quality=95)
        Image.fromarray(pixels).save(tmp_path / "plain.jpg", quality=95)
        turned, plain = open_crop(tmp_path / "turned.jpg"), open_crop(tmp_path / "plain.jpg")
        assert np.array_equal(turned.pixels, plain.pixels)
        assert turned.content == plain.content
        assert turned.sha256 != plain.sha256

    def test_the_first_picture_of_an_mpo_is_used(self, pixels: Pixels, tmp_path: Path) -> None:
        second = Image.fromarray(pixels[::-1].copy())
        Image.fromarray(pixels).save(tmp_path / "x.mpo", save_all=True, append_images=[second])
        os.rename(tmp_path / "x.mpo", tmp_path / "x.jpg")  # noqa: PTH104 - cameras call it .jpg
        found = open_crop(tmp_path / "x.jpg").pixels.astype(int)
        assert np.abs(found - pixels).mean() < np.abs(found - pixels[::-1]).mean()

    def test_content_is_of_pixels_and_sha256_of_the_file(self, pixels: Pixels, tmp_path: Path) -> None:
        import hashlib

        Image.fromarray(pixels).save(tmp_path / "x.png")
        Image.fromarray(pixels).save(tmp_path / "x.webp", lossless=True)
        one, two = open_crop(tmp_path / "x.png"), open_crop(tmp_path / "x.webp")
        assert one.content == two.content == hashlib.sha256(pixels.tobytes()).hexdigest()
        assert one.sha256 == hashlib.sha256((tmp_path / "x.png").read_bytes()).hexdigest() != two.sha256
        assert one.size == (tmp_path / "x.png").stat().st_size


@settings(shared_folder, max_examples=150)
@given(st.data())
def test_no_damage_gets_through_as_another_error(tmp_path: Path, data: st.DataObject) -> None:
    """Bytes of real files with some replaced are either an image or skipped with a reason."""
    kind = data.draw(st.sampled_from(["PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF"]))
    whole = bytearray(_encodings()[kind])
    for _ in range(data.draw(st.integers(1, 6))):
        whole[data.draw(st.integers(0, min(len(whole) - 1, 400)))] = data.draw(st.integers(0, 255))
    (tmp_path / "x").write_bytes(whole)
    assert code(tmp_path / "x") in {*REASONS, "ok"}


_KEPT: dict[str, bytes] = {}


def _encodings() -> dict[str, bytes]:
    if not _KEPT:
        image = Image.fromarray(paint(1, 1))
        _KEPT.update({kind: encoded(image, kind) for kind in ("PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF")})
    return _KEPT


class TestFind:
    def make(self, root: Path, *names: str) -> None:
        for name in names:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).touch()

    def names(self, root: Path, *given: str) -> list[str]:
        return [p.relative_to(root).as_posix() for p in find([root / g for g in given])]

    def test_folders_are_searched_and_sorted(self, tmp_path: Path) -> None:
        self.make(tmp_path, "b.png", "a/z.JPG", "a/b/c/d.webp", "notes.txt", "a/truth.csv", "c.TIFF", "d.sketch")
        assert self.names(tmp_path, "") == ["a/b/c/d.webp", "a/z.JPG", "b.png", "c.TIFF"]

    def test_named_outright_any_suffix_is_kept_in_the_order_given(self, tmp_path: Path) -> None:
        self.make(tmp_path, "b.dat", "a.png", "c")
        assert self.names(tmp_path, "c", "b.dat", "a.png") == ["c", "b.dat", "a.png"]

    def test_each_file_once(self, tmp_path: Path) -> None:
        self.make(tmp_path, "x/a.png", "x/b.png")
        assert self.names(tmp_path, "x/b.png", "x", "x/*.png") == ["x/b.png", "x/a.png"]

    def test_globs(self, tmp_path: Path) -> None:
        self.make(tmp_path, "x/a1.png", "x/a2.png", "x/b1.png", "x/deep/a3.png", "y/a4.png")
        assert self.names(tmp_path, "x/a*.png") == ["x/a1.png", "x/a2.png"]
        assert self.names(tmp_path, "**/a?.png") == ["x/a1.png", "x/a2.png", "x/deep/a3.png", "y/a4.png"]
        assert self.names(tmp_path, "?") == ["x/a1.png", "x/a2.png", "x/b1.png", "x/deep/a3.png", "y/a4.png"]

    def test_the_papers_layout_means_its_generated_images(self, tmp_path: Path) -> None:
        self.make(tmp_path, "0_real/r.png", "1_fake/f.png", "1_fake/deep/g.png", "h.png")
        assert self.names(tmp_path, "") == ["1_fake/deep/g.png", "1_fake/f.png"]
        assert self.names(tmp_path, "0_real") == ["0_real/r.png"]

    def test_a_lone_fake_folder_is_a_folder(self, tmp_path: Path) -> None:
        self.make(tmp_path, "1_fake/f.png", "h.png")
        assert self.names(tmp_path, "") == ["1_fake/f.png", "h.png"]

    def test_brackets_and_stars_in_names(self, tmp_path: Path) -> None:
        self.make(tmp_path, "a[1].png", "a1.png", "d[x]/e*.png", "d[x]/e2.png")
        assert self.names(tmp_path, "a[1].png") == ["a[1].png"]
        assert self.names(tmp_path, "d[x]") == ["d[x]/e*.png", "d[x]/e2.png"]
        assert self.names(tmp_path, "d[x]/e*.png") == ["d[x]/e*.png"]

    @pytest.mark.parametrize("name", ["none.png", "none/*.png", "\x1b[31mred", "a[", "x\0y"])
    def test_nothing_of_that_name(self, tmp_path: Path, name: str) -> None:
        with pytest.raises(NotFoundError) as caught:
            find([tmp_path / name])
        assert "\x1b" not in caught.value.message
        assert caught.value.hint

    def test_an_empty_folder_is_no_error(self, tmp_path: Path) -> None:
        assert find([tmp_path]) == []


@given(st.lists(st.sampled_from("abcd"), max_size=12))
def test_duplicates_go_but_the_first(contents: list[str]) -> None:
    files = [(f"{k}.png", c) for k, c in enumerate(contents)]
    kept, lost = drop_duplicates(files)
    assert [contents[k] for k in kept] == list(dict.fromkeys(contents))
    assert sorted([*kept, *(int(s.file.removesuffix(".png")) for s in lost)]) == list(range(len(contents)))
    assert all(s.code == "duplicate" for s in lost)
    for s in lost:  # each names the one it repeats
        same = contents[int(s.file.removesuffix(".png"))]
        assert f"{contents.index(same)}.png" in s.reason


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five good images."""
    folder = tmp_path_factory.mktemp("good")
    write_set(folder, 1, 5, 3)
    return folder


@pytest.fixture(scope="module")
def whole(good: Path) -> ImageSet:
    return extract([good])


class TestExtraction:
    def test_good_ones_go_through_beside_bad_ones(self, good: Path, whole: ImageSet, tmp_path: Path) -> None:
        for path in good.iterdir():
            (tmp_path / path.name).write_bytes(path.read_bytes())
        (tmp_path / "000b.png").write_bytes(b"no image")
        (tmp_path / "copy.png").write_bytes((good / "001.png").read_bytes())
        Image.open(good / "002.png").save(tmp_path / "again.webp", lossless=True)
        (tmp_path / "\x1b[31mred.png").write_bytes(CASES["flat.png"][1](paint(1, 1)))
        found = extract([tmp_path])
        assert len(found) == 5
        assert {i.content for i in found.images} == {i.content for i in whole.images}
        assert {Path(s.file).name: s.code for s in found.skipped} == {
            "000b.png": "broken",
            "copy.png": "duplicate",
            "again.webp": "duplicate",
            "\x1b[31mred.png": "flat",
        }

    def test_too_few_names_each_with_its_reason(self, good: Path, tmp_path: Path) -> None:
        (tmp_path / "text.png").write_bytes(b"no image")
        (tmp_path / "\x1b[31mred.png").write_bytes(b"")
        (tmp_path / "small.png").write_bytes(CASES["small.png"][1](paint(1, 1)))
        with pytest.raises(TooFewImagesError) as caught:
            extract([tmp_path, good / "000.png"], at_least=2)
        message = caught.value.message
        assert message.startswith("Only 1 of 4 images can be used")
        for name, why in (("text.png", "broken"), ("small.png", "too_small"), ("[31mred.png", "broken")):
            assert f"{name} {REASONS[why]}" in message
        assert "40x40" in message
        assert "\x1b" not in message
        assert "2 PNG" in caught.value.hint

    def test_an_empty_folder(self, tmp_path: Path) -> None:
        with pytest.raises(TooFewImagesError, match="There are no images"):
            extract([tmp_path])

    def test_workers_move_no_number(self, good: Path, whole: ImageSet, tmp_path: Path) -> None:
        write_set(tmp_path, 2, 5, 4)  # with the others more than one batch
        one, two = (extract([good, tmp_path], jobs=jobs) for jobs in (1, 2))
        assert np.array_equal(one.sketches, two.sketches)
        assert one.images == two.images
        assert np.array_equal(one.sketches[:5], whole.sketches)

    def test_progress_counts_every_file(self, good: Path, tmp_path: Path) -> None:
        paths = [*find([good]), *write_set(tmp_path, 2, 4, 4)]
        (tmp_path / "bad.png").write_bytes(b"")
        told: list[tuple[int, int, str]] = []
        extract([*paths, tmp_path / "bad.png"], jobs=1, progress=lambda *step: told.append(step))
        assert told[-1][:2] == (10, 10)
        assert [t[0] for t in told] == sorted({t[0] for t in told})
        assert {t[1] for t in told} == {10}

    def test_folders_side_by_side(self, good: Path, whole: ImageSet, tmp_path: Path) -> None:
        told: list[tuple[int, int, str]] = []
        (tmp_path / "empty").mkdir()
        found = list(extract_each([tmp_path / "empty", good], jobs=2, progress=lambda *step: told.append(step)))
        assert isinstance(found[0], TooFewImagesError)
        assert isinstance(found[1], ImageSet)
        assert np.array_equal(found[1].sketches, whole.sketches)
        assert [t[:2] for t in told] == [(1, 2), (2, 2)]


class TestSketchFile:
    def test_the_same_numbers_come_back(self, whole: ImageSet, tmp_path: Path) -> None:
        write_sketch(whole, tmp_path / "x.sketch")
        back = extract([tmp_path / "x.sketch"])
        assert np.array_equal(back.sketches, whole.sketches)
        assert [(i.size, i.sha256, i.content) for i in back.images] == [
            (i.size, i.sha256, i.content) for i in whole.images
        ]
        assert [i.file for i in back.images] == [Path(i.file).name for i in whole.images]
        write_sketch(back, tmp_path / "y.sketch")
        assert (tmp_path / "y.sketch").read_bytes() == (tmp_path / "x.sketch").read_bytes()

    def test_it_holds_no_pixels_and_no_folders(self, whole: ImageSet, good: Path, tmp_path: Path) -> None:
        write_sketch(whole, tmp_path / "x.sketch")
        assert str(good).encode() not in (tmp_path / "x.sketch").read_bytes()
        assert (tmp_path / "x.sketch").stat().st_size < 5 * 3000

    def test_beside_its_own_images_each_counts_once(self, whole: ImageSet, good: Path, tmp_path: Path) -> None:
        write_sketch(whole, tmp_path / "x.sketch")
        found = extract([tmp_path / "x.sketch", good])
        assert len(found) == 5
        assert [s.code for s in found.skipped] == ["duplicate"] * 5

    def test_of_another_denoiser(self, whole: ImageSet, tmp_path: Path) -> None:
        other = ImageSet("dncnn\x1b[31m-9", whole.images, whole.sketches)
        write_sketch(other, tmp_path / "x.sketch")
        with pytest.raises(IncompatibleError) as caught:
            extract([tmp_path / "x.sketch"])
        assert "\x1b" not in caught.value.message
        assert caught.value.hint

    def test_missing_or_a_folder(self, tmp_path: Path) -> None:
        (tmp_path / "folder.sketch").mkdir()
        for name in ("none.sketch", "folder.sketch"):
            with pytest.raises(DifregError) as caught:
                extract([tmp_path / name])
            assert caught.value.hint

    @pytest.fixture
    def parts(self, whole: ImageSet, tmp_path: Path) -> tuple[dict[str, NDArray[np.generic]], dict[str, str]]:
        write_sketch(whole, tmp_path / "x.sketch")
        arrays, facts = loads((tmp_path / "x.sketch").read_bytes())
        return dict(arrays), dict(facts)

    @pytest.mark.parametrize(
        "damage",
        [
            lambda a, f: a.update(sketches=a["sketches"][:3]),
            lambda a, f: a.update(sketches=a["sketches"][:, :2]),
            lambda a, f: a.update(sketches=a["sketches"].reshape(-1)),
            lambda a, f: a.update(sketches=a["sketches"][..., :8]),
            lambda a, f: a.update(sketches=np.zeros((), np.float16)),
            lambda a, f: a.update(sketches=np.full_like(a["sketches"], np.nan)),
            lambda a, f: a.update(sketches=np.full_like(a["sketches"], np.inf)),
            lambda a, f: a.update(sketches=a["sketches"] * 0),
            lambda a, f: a.update(sketches=(a["sketches"] * 100).astype(np.int64)),
            lambda a, f: a.update(scale=a["scale"] * 1e6),
            lambda a, f: a.update(scale=-a["scale"] * np.inf),
            lambda a, f: a.update(scale=a["scale"] * 0),
            lambda a, f: a.update(scale=a["scale"][:2]),
            lambda a, f: a.update(scale=a["scale"][:, None]),
            lambda a, f: a.update(scale=np.zeros((0,), np.float32)),
            lambda a, f: a.pop("scale"),
            lambda a, f: a.pop("sketches"),
            lambda a, f: f.pop("format"),
            lambda a, f: f.pop("images"),
            lambda a, f: f.update(format="difreg-sketch-2"),
            lambda a, f: f.update(images="[]"),
            lambda a, f: f.update(images="{"),
            lambda a, f: f.update(images="[[1,2],[3,4]]"),
            lambda a, f: f.update(images="null"),
            lambda a, f: f.update(images="[" * 100_000),
            lambda a, f: f.update(images=f["images"].replace('"', "", 2)),
            lambda a, f: f.update(images='[["a",1e400,"b","c"]]'),
            lambda a, f: f.update(images=f["images"].replace("[[", '[["a",1,"' + "0" * 64 + '","not hexadecimal"],[')),
            lambda a, f: f.update(images=_with_content(f["images"], "zz" * 32)),
            lambda a, f: f.update(images=_with_content(f["images"], "")),
            lambda a, f: f.update(images=_with_content(f["images"], "ab")),
        ],
    )
    def test_damage_is_told(
        self,
        parts: tuple[dict[str, NDArray[np.generic]], dict[str, str]],
        damage: Callable[[dict[str, NDArray[np.generic]], dict[str, str]], object],
        tmp_path: Path,
    ) -> None:
        arrays, facts = parts
        damage(arrays, facts)
        (tmp_path / "y.sketch").write_bytes(dumps(arrays, facts))
        with pytest.raises(InputError) as caught:
            read_sketch(tmp_path / "y.sketch", "wavelet-1")
        assert "y.sketch" in caught.value.message
        assert caught.value.hint

    @settings(shared_folder)
    @example(b"")
    @example(b"\xff" * 16)
    @example((2**63).to_bytes(8, "little") + b"{}")
    @given(st.binary(max_size=300))
    def test_any_bytes(self, tmp_path: Path, data: bytes) -> None:
        (tmp_path / "z.sketch").write_bytes(data)
        with pytest.raises(DifregError) as caught:
            extract([tmp_path / "z.sketch"])
        assert "\n" not in caught.value.message

    @settings(shared_folder)
    @given(st.integers(0, 10**6), st.integers(1, 255))
    def test_a_changed_byte_is_told_or_gives_sound_numbers(
        self, whole: ImageSet, tmp_path: Path, place: int, change: int
    ) -> None:
        write_sketch(whole, tmp_path / "x.sketch")
        data = bytearray((tmp_path / "x.sketch").read_bytes())
        data[place % min(len(data), 1500)] ^= change
        (tmp_path / "x.sketch").write_bytes(data)
        try:
            found = extract([tmp_path / "x.sketch"])
        except DifregError:
            return
        assert np.isfinite(found.sketches).all()
        assert found.sketches.shape == (len(found), 3, 16, 16)
        profile = profile_of(found, get(), "x")  # and what follows can live with it
        assert np.array_equal(from_arrays("x", 1, to_arrays(profile), get()).sketches, profile.sketches)

    def test_too_large_is_not_read(self, tmp_path: Path) -> None:
        with (tmp_path / "x.sketch").open("wb") as stream:
            stream.truncate(1 << 29)
        with pytest.raises(InputError, match="too large"):
            extract([tmp_path / "x.sketch"])

    @pytest.mark.skipif(sys.platform == "win32", reason="no pipes with names")
    def test_a_pipe_never_blocks(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "x.sketch")
        with pytest.raises(InputError):
            extract([tmp_path / "x.sketch"])


def _with_content(images: str, content: str) -> str:
    import json

    rows = json.loads(images)
    rows[0][3] = content
    return json.dumps(rows)
