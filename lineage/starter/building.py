"""Building the starter registry from the labelled collection.

It holds numbers alone. Images are renamed to their place in their set, because files were named after prompts and
accounts; the hashes of their bytes and pixels stay, so that an image which is in it never is evidence for itself.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from difreg.errors import InputError
from difreg.lineage import answers as a
from difreg.lineage.api import Registry
from difreg.lineage.bundles import container, importing
from difreg.lineage.bundles import manifest as manifests
from difreg.lineage.bundles.manifest import BundledTitle, Manifest
from difreg.lineage.labelled import read_sources
from difreg.registry import denoisers
from difreg.registry.metadata import EVIDENCE, Metadata, read_csv
from difreg.settings import Settings

MADE = datetime(2026, 11, 24, tzinfo=UTC)  # told as the time of all its versions: two builds give the same bytes
SAMPLES = {  # of the Deep Image Fingerprint paper, by their folders
    "dif-samples/mj/1_fake": "midjourney-2022-07",
    "dif-samples/sd14/1_fake": "sd-v1-4-dif",
    "dif-samples/sd21/1_fake": "sd-v2-1",
    "dif-samples/glide/1_fake": "glide",
}
TITLES = {
    "ldm-sd1": "Stable Diffusion v1.x / LDM, KL-f8 decoder",
    "stylegan2-ffhq": "StyleGAN2 FFHQ",
    "waifu2x-upconv7photo": "waifu2x upconv_7, photographs",
    "waifu2x-upconv7art": "waifu2x upconv_7, anime style art",
}
SURE = frozenset({"proven", "stated"})
SUFFIXES = frozenset({".png", ".webp", ".jpg", ".jpeg"})


@dataclass(frozen=True)
class Entry:
    """One generator: its name, the folder of its images, its family by origin, and what is declared."""

    name: str
    folder: Path
    family: str
    facts: Metadata


def entries(collection: Path) -> list[Entry]:
    """All generators, by name.

    Raises
    ------
    InputError
        If ``collection`` is not the labelled collection.
    """
    truth = collection / "truth.csv"
    facts = read_csv(truth)
    sources = read_sources(collection)
    with truth.open(newline="", encoding="utf-8") as stream:
        rows = {r["slug"]: r for r in csv.DictReader(stream) if r["kind"] == "generator"}
    out = []
    for slug, row in rows.items():
        name, folder = SAMPLES.get(slug, slug), collection / (slug if slug in SAMPLES else f"generators/{slug}")
        if "/" in name:
            continue
        source = sources[slug.split("/")[0] + "/*" if slug in SAMPLES else slug].split(",")[0]
        out.append(Entry(name, folder, row["family"], _declared(facts[slug], source, row["source_format"] == "JPEG")))
    return sorted(out, key=lambda e: e.name)


def _declared(facts: Metadata, source: str, jpeg: bool) -> Metadata:
    tags = {"source_format": "JPEG"} if jpeg else {}
    if jpeg or facts.certainty not in SURE:
        tags[EVIDENCE] = "no"
    told = f"images: {source}"
    return replace(facts, source=told, tags=tags, parents=tuple(replace(p, source=told) for p in facts.parents))


def build(collection: Path, output: Path, only: Collection[str] = ()) -> a.Bundled:
    """Write the starter registry, or ``only`` some of its generators, as a bundle.

    Parameters
    ----------
    collection
        Folder with ``generators/``, ``dif-samples/``, ``truth.csv`` and ``README.md``.
    output
        The ``.difreg`` file.
    """
    chosen = [e for e in entries(collection) if not only or e.name in only]
    with TemporaryDirectory() as scratch, _registry(Path(scratch) / "home") as registry:
        for entry in chosen:
            images = list(_renamed(entry, Path(scratch) / entry.name))
            registry.add(entry.name, images, metadata=entry.facts)
        exported = Path(scratch) / "all.difreg"
        made = registry.export_bundle(exported)
        with importing.opened(exported) as bundle:
            manifest = _settled(bundle.manifest, chosen)
            blobs = ((digest, bundle.file.blob(digest)) for digest in sorted(bundle.file.digests))
            sha256 = container.write(output, manifests.dumps(manifest), blobs)
    return replace(made, file=str(output), sha256=sha256)


def _registry(home: Path) -> Registry:
    """A registry of its own, whatever the environment says."""
    registry = Registry(Settings(home=home, database_url=f"sqlite:///{home / 'catalog.db'}"))
    registry.init(denoiser=denoisers.DEFAULT)
    return registry


def _renamed(entry: Entry, folder: Path) -> Iterator[Path]:
    """Links to the images of a set, named by their place in it."""
    folder.mkdir()
    images = sorted(p for p in entry.folder.glob("*") if p.suffix.lower() in SUFFIXES)
    if not images:
        raise InputError(f"There are no images in {entry.folder}.", "Give the whole labelled collection.")
    for number, image in enumerate(images, 1):
        link = folder / f"{number:02}{image.suffix.lower()}"
        link.symlink_to(image.resolve())
        yield link


def _settled(manifest: Manifest, chosen: Collection[Entry]) -> Manifest:
    """``manifest`` with one time for all versions, and families titled by their origin, whatever their scores."""
    generators = tuple(
        replace(g, versions=tuple(replace(v, created=MADE) for v in g.versions)) for g in manifest.generators
    )
    members = defaultdict(list)
    for entry in chosen:
        members[entry.family].append(entry.name)
    titles = tuple(BundledTitle(title, tuple(members[family])) for family, title in TITLES.items() if members[family])
    return Manifest(manifest.denoiser, generators, titles)
