"""``difreg add``: fingerprint a generator, or every subfolder of a folder, and link it to the rest."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from difreg import numerals
from difreg.cli import declared
from difreg.cli.completion import generators
from difreg.cli.failures import DONE, REFUSED
from difreg.cli.graph import tell
from difreg.cli.render import Block, Grid, Sheet
from difreg.cli.session import Session, expand
from difreg.cli.solving import Area, AreaOption, DeviceOption, RealsOption, SeedOption, Solver, SolverOption
from difreg.cli.verb import DryRun, Panel, verb
from difreg.cli.views import YARDSTICK, caveats, kin_grid, provenance_line, used, weights_lines, yardstick
from difreg.errors import InputError
from difreg.lineage.answers import Added, AddedEach

if TYPE_CHECKING:
    from difreg.registry.metadata import Metadata

_DECLARED = "What is declared about it"
_MOST_KIN = 10
_COLUMNS = (
    "generator",
    "version",
    "created",
    "digest",
    "images_used",
    "images_skipped",
    "reliability",
    "separation",
    "family",
    "seconds",
    *YARDSTICK,
    "reason",
)


def _option(*names: str, text: str, metavar: str) -> typer.models.OptionInfo:
    made: typer.models.OptionInfo = typer.Option(*names, help=text, metavar=metavar, rich_help_panel=_DECLARED)
    return made


@verb(
    Panel.fingerprints,
    "difreg add model_x images/",
    "difreg add mj-early shots/*.png --released 2022-07 --parent sd-1.4:fine-tune",
    "difreg add model_x more/ --append",
    "difreg add model_x images/ --dry-run",
    "difreg add our-lora samples/ --card README.md",
    "difreg add model_x images/ --solver unet --reals photos/",
    "difreg add model_x images/ --weights vae.safetensors",
    "difreg add --each generators/ --metadata generators.csv",
    "find shots -name '*.png' | difreg add model_x -",
    images=True,
)
def add(
    session: Session,
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", autocompletion=generators, help="The generator.", show_default=False)
    ] = None,
    images: Annotated[
        list[str] | None,
        typer.Argument(metavar="IMAGES", help="Files, folders, globs; - reads paths.", show_default=False),
    ] = None,
    each: Annotated[
        str | None, typer.Option("--each", metavar="DIR", help="Add every subfolder of DIR as a generator.")
    ] = None,
    append: Annotated[
        bool, typer.Option("--append", help="Make the version of the latest one's images and these.")
    ] = False,
    weights: Annotated[
        Path | None,
        typer.Option("--weights", metavar="FILE", help="Safetensors file with its decoder; only distances are kept."),
    ] = None,
    dry_run: DryRun = False,
    area: AreaOption = Area.crop,
    solver: SolverOption = Solver.lattice,
    reals: RealsOption = None,
    seed: SeedOption = 0,
    device: DeviceOption = None,
    metadata: Annotated[
        Path | None, _option("--metadata", text="CSV with a row a generator; options override it.", metavar="CSV")
    ] = None,
    released: Annotated[
        str | None, _option("--released", text="Latest date it can have come into being: 2022-08.", metavar="DATE")
    ] = None,
    not_before: Annotated[str | None, _option("--not-before", text="Earliest such date.", metavar="DATE")] = None,
    base: Annotated[
        bool, typer.Option("--base", help="It was trained from scratch.", rich_help_panel=_DECLARED)
    ] = False,
    parent: Annotated[
        list[str] | None,
        _option("--parent", text="What it was made from, and how; repeatable.", metavar="NAME[:RELATION]"),
    ] = None,
    source: Annotated[str | None, _option("--source", text="Who says so.", metavar="TEXT")] = None,
    certainty: Annotated[str | None, _option("--certainty", text="How sure that is.", metavar="TEXT")] = None,
    card: Annotated[
        Path | None, _option("--card", text="Model card (README.md) to read; options override it.", metavar="FILE")
    ] = None,
    licence: Annotated[str | None, _option("--licence", text="Its licence.", metavar="TEXT")] = None,
    url: Annotated[str | None, _option("--url", text="Where it is to be found.", metavar="URL")] = None,
    note: Annotated[str | None, _option("--note", text="Anything else.", metavar="TEXT")] = None,
    tag: Annotated[list[str] | None, _option("--tag", text="A label; repeatable.", metavar="KEY=VALUE")] = None,
) -> None:
    """Fingerprint a generator from its images; add a version.

    The fingerprint is compared with every other in the registry. Adding the same images again changes nothing.
    --append needs no old images: their stored sketches serve. --card reads what the front matter of a Hugging Face
    model card declares: base_model, base_model_relation and license. --weights reads a model's image decoder, keeps its
    distances to others' and lets them direct the lineage; with the same images it adds them to the version there is.
    """
    how: dict[str, Any] = {"solver": solver.value, "reals": reals, "seed": seed, "device": device, "area": area.value}
    how["dry_run"] = dry_run
    given = declared.from_options(
        released=released,
        not_before=not_before,
        base=base,
        parents=parent,
        source=source,
        certainty=certainty,
        note=note,
        licence=licence,
        url=url,
        tags=tag,
    )
    if each is not None:
        if name is not None or card is not None or weights is not None or append or given != type(given)():
            raise InputError(
                "--each takes no NAME, IMAGES, --append, --weights or declared facts.",
                "Give the facts by --metadata CSV.",
            )
        _add_each(session, each, _rows(metadata), how)
        return
    if name is None or not images:
        raise InputError("There is nothing to add.", "Give a NAME and IMAGES, or --each DIR.")
    facts = declared.overlay(declared.overlay(_rows(metadata).get(name), declared.from_card(card)), given)
    with session.registry() as registry:
        answer = registry.add(name, expand(images), metadata=facts, append=append, weights=weights, **how)
    session.skipped(answer.images)
    _changes(session, answer)
    tell(session, answer.graph)
    session.answer(answer, _text, lambda added: _sheet(AddedEach(added.provenance, (added,), ())))


def _add_each(session: Session, folder: str, metadata: dict[str, Metadata], how: dict[str, Any]) -> None:
    with session.registry() as registry:
        answer = registry.add_each(folder, metadata=metadata, **how)
    for added in answer.generators:
        session.skipped(added.images)
        _changes(session, added)
    session.failed(answer.failed)
    tell(session, answer.graph)
    session.answer(answer, _text_each, _sheet)
    raise typer.Exit(DONE if answer.generators else REFUSED)


def _changes(session: Session, added: Added) -> None:
    for change in added.changes:
        session.message(f"{change.subject}: {change.text}")


def _rows(metadata: Path | None) -> dict[str, Metadata]:
    if metadata is None:
        return {}
    from difreg.registry.metadata import read_csv

    return read_csv(metadata)


def _text(added: Added) -> list[Block]:
    what = f"{added.generator} version {added.version}"
    did = "would add" if added.dry_run else "added"
    first = f"{did} {what}" if added.created else f"{what} is made of these images already; nothing added"
    quality = f"reliability {numerals.share(added.quality.reliability)}"
    separation = f"AUC against photographs {numerals.share(added.quality.separation)}"
    blocks: list[Block] = [f"{first}: {used(added.images)}, {quality}, {separation}"]
    blocks.append(f"family: {added.family}" if added.family else "family: none yet")
    blocks += caveats(added.warnings)
    blocks += weights_lines(added.weights)
    if added.kin:
        blocks.append(kin_grid(added.kin[:_MOST_KIN], "closest"))
    return [*blocks, provenance_line(added.provenance, added.images.used)]


def _text_each(answer: AddedEach) -> list[Block]:
    done, failed = len(answer.generators), len(answer.failed)
    did = "would add" if answer.dry_run else "added"
    first = f"{did} {numerals.count(done, 'generator')}" + (f"; {failed} failed" if failed else "")
    rows = [
        (
            added.generator,
            str(added.version),
            "yes" if added.created else "no",
            str(added.images.used),
            str(len(added.images.skipped)),
            numerals.share(added.quality.reliability),
            numerals.share(added.quality.separation),
            added.family or numerals.UNKNOWN,
        )
        for added in answer.generators
    ]
    columns = ("generator", "version", "new", "images", "skipped", "reliability", "AUC against photographs", "family")
    blocks: list[Block] = [first]
    if rows:
        blocks.append(Grid(columns, rows, frozenset({1, 3, 4, 5, 6})))
    blocks += [f"failed {failure.generator}: {failure.reason}" for failure in answer.failed]
    blocks += [f"warning: {a.generator}: {caveat.text}" for a in answer.generators for caveat in a.warnings]
    return [*blocks, provenance_line(answer.provenance)]


def _sheet(answer: AddedEach) -> Sheet:
    rows: list[tuple[object, ...]] = [
        (
            added.generator,
            added.version,
            added.created,
            added.digest,
            added.images.used,
            len(added.images.skipped),
            added.quality.reliability,
            added.quality.separation,
            added.family,
            added.seconds,
            *yardstick(added.provenance),
            None,
        )
        for added in answer.generators
    ]
    blank = (None,) * (len(_COLUMNS) - 2)
    rows += [(failure.generator, *blank, failure.reason) for failure in answer.failed]
    return Sheet(_COLUMNS, rows)
