"""What files and pixels tell of an image's past, and what that does to answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from painting import contents, made, paint, pattern, write_set
from PIL import Image
from scipy.ndimage import convolve, gaussian_filter, uniform_filter

import difreg
from difreg.errors import InputError
from difreg.lineage.answers import Added
from difreg.lineage.caveats import displaced_caveat
from difreg.lineage.confounds import kinship_without
from difreg.lineage.histories import history_caveats
from difreg.lineage.kinship import kinships
from difreg.lineage.tracing import Trace, trace
from difreg.registry.background import get
from difreg.registry.extraction import extract, write_sketch
from difreg.registry.histories.blocks import comb
from difreg.registry.histories.files import LOSSLESS, WEBP, told_by
from difreg.registry.histories.record import COLUMNS, Histories, history_of
from difreg.registry.histories.scaling import predicted, window_sums
from difreg.registry.histories.watermark import marked
from difreg.registry.nuisance import WATERMARKED, watermark_of
from difreg.registry.phases import Phase
from difreg.registry.profiles import Profile, profile
from difreg.storage.blobs import dumps, loads

Pixels = NDArray[np.uint8]
few = settings(deadline=None, max_examples=6, derandomize=True)


def told(made: Histories | None) -> dict[str, str]:
    return {c.code: c.text for c in history_caveats(made)}


def of(pixels: Pixels, form: str = "PNG", **how: object) -> Histories:
    stream = BytesIO()
    Image.fromarray(pixels).save(stream, form, **how)
    with Image.open(stream) as image:
        return Histories.of([history_of(image, stream.getvalue(), np.asarray(image.convert("RGB")))])


def compressed(pixels: Pixels, quality: int) -> Pixels:
    stream = BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=quality)
    return np.asarray(Image.open(stream))


def luma(pixels: Pixels) -> NDArray[np.float64]:
    return pixels @ np.array([0.299, 0.587, 0.114])


class TestPixels:
    @few
    @given(st.integers(0, 99), st.integers(75, 96), st.integers(0, 7), st.integers(0, 7))
    def test_jpeg_is_found_with_its_quality_and_where_its_blocks_begin(
        self, seed: int, quality: int, dy: int, dx: int
    ) -> None:
        before = compressed(paint(seed, 1, (272, 272)), quality)
        found = comb(luma(before[8 - dy : 264 - dy, 8 - dx : 264 - dx]))
        assert (found.dy, found.dx) == (dy, dx)
        assert found.quality == pytest.approx(quality, abs=4)

    def test_a_loud_pattern_on_smooth_content_is_no_jpeg(self) -> None:
        assert not of(paint(1, 1, strength=8)).compressed.any()
        tile = np.random.default_rng(1).normal(0, 5, (16, 16, 3))
        loud = np.random.default_rng(2).normal(128, 2, (256, 256, 3)) + np.tile(tile, (16, 16, 1))
        assert not of(loud.clip(0, 255).astype(np.uint8)).compressed.any()

    @few
    @given(st.integers(0, 999), st.integers(0, 20))
    def test_a_generators_own_pattern_of_eight_is_no_jpeg(self, seed: int, number: int) -> None:
        assert not of(paint(seed, number)).compressed.any()

    @pytest.mark.parametrize("how", [Image.Resampling.BILINEAR, Image.Resampling.BICUBIC])
    def test_enlarged(self, how: Image.Resampling) -> None:
        larger = Image.fromarray(paint(1, 1)).resize((384, 384), how).crop((64, 64, 320, 320))
        assert of(np.asarray(larger)).resampled.all()
        assert not of(paint(1, 1)).resampled.any()

    @few
    @given(st.integers(0, 2**31), st.integers(8, 40), st.integers(8, 40), st.sampled_from([1, 3, 15]))
    def test_predictor_and_surroundings_are_filters(self, seed: int, height: int, width: int, size: int) -> None:
        values = np.random.default_rng(seed).normal(size=(height, width))
        weights = np.array([[-0.25, 0.5, -0.25], [0.5, 0, 0.5], [-0.25, 0.5, -0.25]])
        assert predicted(values) == pytest.approx(convolve(values, weights, mode="nearest"))
        means = uniform_filter(values, size, mode="wrap")
        assert window_sums(values, size) == pytest.approx(means * size**2, abs=1e-9)

    def test_blurred(self) -> None:
        soft = gaussian_filter(paint(1, 1).astype(float), (1.2, 1.2, 0)).round().astype(np.uint8)
        assert of(soft).smooth.all()
        assert not of(paint(1, 1)).smooth.any()

    def test_pixel_art(self) -> None:
        cells = np.random.default_rng(1).integers(0, 256, (32, 32, 3), dtype=np.uint8)
        assert of(np.kron(cells, np.ones((8, 8, 1), np.uint8))).gridded.all()


class TestFiles:
    def test_jpeg_tells_quality_and_subsampling(self) -> None:
        assert told(of(paint(1, 1), "JPEG", quality=83, subsampling=2))["jpeg_file"] == (
            "the image is JPEG (quality 83, 4:2:0)"
        )

    @pytest.mark.parametrize("exif", [b"", b"Exif\0\0II*\0\x08\0\0\0\0\0"], ids=["plain", "extended"])
    def test_lossy_webp_is_told_from_lossless(self, exif: bytes) -> None:
        for lossless, form in ((True, LOSSLESS), (False, WEBP)):
            stream = BytesIO()
            Image.fromarray(paint(1, 1)).save(stream, "WEBP", lossless=lossless, exif=exif)
            with Image.open(stream) as image:
                assert told_by(image, stream.getvalue())[0] == form

    def test_mixed_sizes(self) -> None:
        rows = [list(of(paint(k, 1, (256 + 16 * k, 256))).rows[0]) for k in range(4)]
        assert told(Histories.of(rows))["mixed_sizes"].startswith("4 sizes among 4 images")
        assert "mixed_sizes" not in told(Histories.of([rows[0]] * 3 + [rows[1]]))


@pytest.fixture(scope="module")
def jpegs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("jpegs")
    for k in range(3):
        Image.fromarray(paint(k, 1)).save(folder / f"{k}.jpg", quality=90)
    return folder


class TestKept:
    def test_through_sketch_files(self, jpegs: Path, tmp_path: Path) -> None:
        found = extract([jpegs])
        write_sketch(found, tmp_path / "x.sketch")
        back = extract([tmp_path / "x.sketch"]).histories
        assert found.histories is not None
        assert back is not None
        assert np.array_equal(back.rows, found.histories.rows, equal_nan=True)
        assert told(back)["jpeg_file"] == "3 of 3 images are JPEG (quality 90, 4:2:0)"

    def test_sketch_files_of_before_are_read(self, jpegs: Path, tmp_path: Path) -> None:
        write_sketch(replace(extract([jpegs]), histories=None), tmp_path / "old.sketch")
        png = write_set(tmp_path / "png", 2, 1, 9)
        assert extract([tmp_path / "old.sketch"]).histories is None
        both = extract([tmp_path / "old.sketch", *png]).histories
        assert both is not None
        assert np.isnan(both["width"]).tolist() == [True] * 3 + [False]

    @pytest.mark.parametrize(
        "rows", [np.zeros((2, len(COLUMNS)), np.float32), np.full((3, len(COLUMNS)), np.inf, np.float32)]
    )
    def test_a_damaged_history_is_refused(self, rows: NDArray[np.float32], jpegs: Path, tmp_path: Path) -> None:
        path = tmp_path / "x.sketch"
        write_sketch(extract([jpegs]), path)
        arrays, facts = loads(path.read_bytes())
        path.write_bytes(dumps({**arrays, "history": rows}, facts))
        with pytest.raises(InputError, match="damaged"):
            extract([path])

    def test_in_the_registry_through_append_and_verify(self, jpegs: Path, tmp_path: Path, home: Path) -> None:
        png = write_set(tmp_path / "png", 1, 2, 9)
        with difreg.open(home) as registry:
            added = registry.add("g", [jpegs])
            assert "jpeg_file" in codes(added)
            assert "compressed" in codes(added)
            more = registry.add("g", png, append=True)
            assert next(w.text for w in more.warnings if w.code == "jpeg_file").startswith("3 of 5 images are JPEG")
            assert not registry.verify().problems

    def test_what_was_kept_without_a_history_is_mended_by_the_same_images(
        self, jpegs: Path, tmp_path: Path, home: Path
    ) -> None:
        write_sketch(replace(extract([jpegs]), histories=None), tmp_path / "old.sketch")
        with difreg.open(home) as registry:
            old = registry.add("g", [tmp_path / "old.sketch"])
            assert "jpeg_file" not in codes(old)
            (blob,) = home.rglob(f"{old.digest}.safetensors")
            blob.write_bytes(b"")
            assert registry.verify().problems
            again = registry.add("g", [jpegs])
            assert (again.created, again.digest) == (False, old.digest)
        with difreg.open(home) as registry:
            assert not [p for p in registry.verify().problems if p.subject.startswith("g")]

    def test_detect_warns_of_each_image(self, jpegs: Path, tmp_path: Path, home: Path) -> None:
        png = write_set(tmp_path / "png", 2, 3, 9)
        with difreg.open(home) as registry:
            registry.add("g", png)
            rows = registry.detect([jpegs, png[0]]).images
        assert [[w.code for w in r.warnings] for r in rows] == [["jpeg_file"]] * 3 + [[]]
        assert all(r.generated is not False for r in rows[:3])


def codes(found: Trace | Added) -> set[str]:
    return {c.code for c in (found.caveats if isinstance(found, Trace) else found.warnings)}


def with_history(made: Profile, change: Callable[[Histories], None]) -> Profile:
    histories = Histories.of([list(of(paint(1, 1)).rows[0])] * len(made))
    change(histories)
    return replace(made, histories=histories)


def set_column(name: str, value: float) -> Callable[[Histories], None]:
    def change(histories: Histories) -> None:
        histories.rows[:, COLUMNS.index(name)] = value

    return change


class TestAnswers:
    members = tuple(made(f"s{k}", 100 + k, seed=100 + k) for k in range(12))

    @pytest.mark.parametrize(("column", "value", "code"), [
        ("form", 1, "jpeg_file"),
        ("form", 2, "webp_file"),
        ("combs", 40, "jpeg_pixels"),
        ("peak", 500, "resampled"),
        ("top", -1.6, "smooth"),
        ("gridded", 2.5, "content_grid"),
    ])  # fmt: skip
    def test_none_is_not_said_of_what_was_altered(self, column: str, value: float, code: str) -> None:
        query = made("q", 1)
        assert trace(query, self.members, {}).verdict == "none"
        altered = trace(with_history(query, set_column(column, value)), self.members, {})
        assert altered.verdict == "insufficient"
        assert code in codes(altered)

    def test_compressed_sets_of_one_generator_are_not_joined(self) -> None:
        one, two = (with_history(made(n, 1, seed=k), set_column("form", 1)) for k, n in enumerate("ab"))
        assert not kinships(one, [two])[0].accepted
        assert kinships(one, [made("c", 1, seed=5)])[0].accepted

    def test_a_crop_off_the_grid_is_noticed(self) -> None:
        family = made("f", 1, seed=3)
        off = Phase(3, 5, True).aligned(family.sketches)
        query = profile("q", contents(9, len(family)), off, get())
        found = trace(query, [family, *self.members], {})
        assert found.verdict == "insufficient"
        assert "--search-phase" in next(c.text for c in found.caveats if c.code == "displaced")

    def test_a_none_that_a_search_leaves_open_says_of_whom(self) -> None:
        said = displaced_caveat(Phase(3, 5), "f", 0.2, 0.8, sure=False)
        assert said is not None
        assert said.code == "perhaps_displaced"
        assert "3 rows and 5 columns" in said.text
        assert "of f (P .200)" in said.text
        assert displaced_caveat(Phase(3, 5), "f", 0.05, 0.95, sure=False) is None
        likely = displaced_caveat(Phase(0, 0, mirrored=True), "f", 0.97, 0.03, sure=True)
        assert likely is not None
        assert likely.code == "displaced"
        assert "mirrored" in likely.text

    def test_the_watermark_alone_makes_nobody_kin(self) -> None:
        mark = watermark_of(get())
        apart = [mark + 0.3 * pattern(k) for k in (1, 2)]
        one, two = (made(n, d / np.linalg.norm(d), 20, k) for n, d, k in zip("ab", apart, (1, 2), strict=True))
        assert not kinships(one, [two])[0].accepted
        same = made("c", apart[0] / np.linalg.norm(apart[0]), 20, 7)
        assert kinships(one, [same])[0].kinship > 5
        found = trace(one, [two, *self.members], {})
        assert found.verdict != "kin"
        assert {"watermark", "watermark_pair"} <= codes(found)

    @few
    @given(st.integers(0, 99))
    def test_what_is_taken_out_counts_for_nothing(self, seed: int) -> None:
        a, b, taken = (pattern(seed + k) for k in (0, 100, 200))
        joined = [x + 0.7 * taken for x in (a, b)]
        (z,) = kinship_without(joined[0], joined[1][None], taken[None], get())
        (clean,) = kinship_without(a, b[None], taken[None], get())
        assert z == pytest.approx(clean)


def test_the_watermark_is_a_pattern_of_eight_pixels_and_small() -> None:
    before = paint(1, 1)
    after = marked(before)
    shift = (after.astype(float) - before).reshape(32, 8, 32, 8, 3).mean((0, 2))
    assert np.abs(after.astype(float) - before).max() < 60
    assert shift[:2, :2, 2].std() < shift[..., 2].std()  # the first value of a block is never moved


@pytest.mark.zoo
class TestCollection:
    @pytest.mark.parametrize("name", ["ti-cookiedoth", "sd1x-vincegmz-dogreg"])
    def test_jpeg_before_it_was_lossless(self, name: str, collection: Path) -> None:
        found = extract([collection / "generators" / name]).histories
        assert told(found)["jpeg_pixels"].startswith("20 of 20 images were JPEG before (quality about 7")

    def test_pixel_art_and_watermark(self, collection: Path) -> None:
        pixel_art = extract([collection / "generators/sdxlft-pixelart-krakhead"]).histories
        assert set(told(pixel_art)) == {"content_grid"}
        for name, carries in (("sd1-extile", True), ("sd15-comfy-misc", False)):
            found = extract([collection / "generators" / name])
            cosine = float(
                profile(name, contents(1, len(found)), found.sketches, get()).direction @ watermark_of(get())
            )
            assert (cosine > WATERMARKED) == carries

    def test_lossless_sets_are_not_called_jpeg(self, collection: Path) -> None:
        for folder in sorted((collection / "generators").iterdir()):
            if folder.name not in ("ti-cookiedoth", "sd1x-vincegmz-dogreg"):
                for path in sorted(folder.iterdir())[:2]:
                    with Image.open(path) as image:
                        assert comb(luma(np.asarray(image.convert("RGB")))).frequencies < 6, path
