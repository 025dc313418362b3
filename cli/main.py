"""The command line ``difreg``: its verbs, the options before the verb, and the way out."""

from __future__ import annotations

import io
import sys
import warnings
from collections.abc import Iterator, Sequence
from typing import Annotated

import typer

import difreg
from difreg.cli.add import add
from difreg.cli.alias import alias
from difreg.cli.audit import audit
from difreg.cli.background import build as background_build
from difreg.cli.background import show as background_show
from difreg.cli.compare import compare
from difreg.cli.detect import detect
from difreg.cli.doctor import doctor
from difreg.cli.drift import drift
from difreg.cli.export import export
from difreg.cli.failures import DONE, INTERRUPTED, REFUSED, report
from difreg.cli.families import families
from difreg.cli.families import rename as families_rename
from difreg.cli.graph import status as graph_status
from difreg.cli.graph import sync as graph_sync
from difreg.cli.history import history
from difreg.cli.import_ import import_
from difreg.cli.import_dif import import_dif
from difreg.cli.init import init
from difreg.cli.lab import blank as lab_blank
from difreg.cli.layout import VerbList, epilog
from difreg.cli.list_ import list_
from difreg.cli.output import write_stdout
from difreg.cli.plots.calibration import calibration as plot_calibration
from difreg.cli.plots.drift import drift as plot_drift
from difreg.cli.plots.fingerprint import fingerprint as plot_fingerprint
from difreg.cli.plots.lineage import lineage as plot_lineage
from difreg.cli.plots.matrix import matrix as plot_matrix
from difreg.cli.plots.trace import trace as plot_trace
from difreg.cli.plots.tree import tree as plot_tree
from difreg.cli.query import query
from difreg.cli.remove import remove
from difreg.cli.rename import rename
from difreg.cli.report import report as report_
from difreg.cli.session import Session
from difreg.cli.show import show
from difreg.cli.sketch import sketch
from difreg.cli.starter import install as starter_install
from difreg.cli.tag import tag
from difreg.cli.trace import trace
from difreg.cli.verb import Home, Panel, Quiet, Traceback, Verbose
from difreg.cli.verify import verify

_FINGERPRINTS = (add, sketch, import_dif)
_LINEAGE = (trace, detect, compare, drift, families, audit, report_, query, export)
_LIFE = (init, list_, show, history, alias, tag, rename, remove, import_, verify, doctor)
PLOTS = (
    plot_lineage,
    plot_tree,
    plot_matrix,
    plot_fingerprint,
    plot_trace,
    plot_drift,
    plot_calibration,
)
VERBS = (*_FINGERPRINTS, *_LINEAGE, *_LIFE)
EXAMPLES = (
    "difreg add model_x images/     # fingerprint a generator from a folder of its images",
    "difreg trace unknown/          # who made these, or which family, or nobody we know",
    "difreg compare model_x sdxl    # are they kin?",
)

app = typer.Typer(
    name="difreg",
    cls=VerbList,
    invoke_without_command=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=epilog(EXAMPLES),
)
_background = typer.Typer(
    cls=VerbList,
    invoke_without_command=True,
    rich_markup_mode=None,
    help="The yardstick that all scores are measured with.",
    epilog=epilog((*background_show.examples, *background_build.examples)),
)

_graph = typer.Typer(
    cls=VerbList,
    invoke_without_command=True,
    rich_markup_mode=None,
    help="The lineage graph in Neo4j or the embedded store.",
    epilog=epilog((*graph_sync.examples, *graph_status.examples)),
)

_plot = typer.Typer(
    cls=VerbList,
    invoke_without_command=True,
    rich_markup_mode=None,
    help="Pictures: pages that open offline, or PNG, SVG, PDF.",
    epilog=epilog(v.examples[0] for v in PLOTS),
)

_lab = typer.Typer(
    cls=VerbList,
    invoke_without_command=True,
    rich_markup_mode=None,
    help="The experiments of the Deep Image Fingerprint paper.",
)


def _instruments() -> Iterator[str]:
    """What ships: the denoisers, each with the background that scores are measured with, and the starter registry."""
    from difreg.lineage import starter
    from difreg.registry import background, denoisers

    for name in denoisers.names():
        default = ", the default" if name == denoisers.DEFAULT else ""
        yield f"denoiser {name} with {background.get(name).name}{default}"
    yield f"starter registry {starter.NAME}"


_starter = typer.Typer(
    cls=VerbList,
    invoke_without_command=True,
    rich_markup_mode=None,
    help="The registry that ships with difreg.",
)


def _print_version(wanted: bool) -> None:
    if wanted:
        write_stdout("".join(f"{line}\n" for line in (f"difreg {difreg.__version__}", *_instruments())))
        raise typer.Exit(DONE)


def _help_if_alone(ctx: typer.Context) -> None:
    if ctx.invoked_subcommand is None:
        write_stdout(ctx.get_help() + "\n")
        raise typer.Exit(REFUSED)


@app.callback()
def before(
    ctx: typer.Context,
    home: Home = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
    traceback: Traceback = False,
    version: Annotated[  # noqa: ARG001 - its callback acts on it
        bool, typer.Option("--version", help="Show the version and exit.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    """A registry of image generators' fingerprints, and the lineage drawn from them."""
    ctx.ensure_object(Session).settle(home, quiet, verbose, traceback)
    _help_if_alone(ctx)


@_background.callback()
def before_background(ctx: typer.Context) -> None:
    """The yardstick that all scores are measured with."""
    _help_if_alone(ctx)


@_graph.callback()
def before_graph(ctx: typer.Context) -> None:
    """The lineage graph in Neo4j or the embedded store."""
    _help_if_alone(ctx)


@_plot.callback()
def before_plot(ctx: typer.Context) -> None:
    """Draw pictures of a registry, each one interactive HTML file, or a still picture.

    A page holds all it needs: it opens offline and asks nobody for anything. A file that ends in .png, .svg or .pdf is
    drawn by kaleido, the extra [static], in a Chromium of the system.
    """
    _help_if_alone(ctx)


@_lab.callback()
def before_lab(ctx: typer.Context) -> None:
    """The experiments of the Deep Image Fingerprint paper."""
    _help_if_alone(ctx)


@_starter.callback()
def before_starter(ctx: typer.Context) -> None:
    """The registry that ships with difreg."""
    _help_if_alone(ctx)


for _verb in VERBS:
    _verb.register(app, (families_rename,) if _verb is families else ())
for _verb in (background_show, background_build):
    _verb.register(_background)
for _verb in (graph_sync, graph_status):
    _verb.register(_graph)
for _verb in PLOTS:
    _verb.register(_plot)
lab_blank.register(_lab)
app.add_typer(_lab, name="lab", rich_help_panel=Panel.fingerprints.value)
app.add_typer(_plot, name="plot", rich_help_panel=Panel.lineage.value)
app.add_typer(_graph, name="graph", rich_help_panel=Panel.lineage.value)
starter_install.register(_starter)
app.add_typer(_starter, name="starter", rich_help_panel=Panel.life.value)
app.add_typer(_background, name="background", rich_help_panel=Panel.life.value)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line on ``arguments`` (those of the process by default) and exit."""
    _prepare_streams()
    if not sys.warnoptions:
        warnings.simplefilter("ignore")
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: Sequence[str]) -> int:
    """Run the command line and return its exit code; errors are raised only under ``--traceback``."""
    session = Session()
    command = typer.main.get_command(app)
    try:
        code = command.main(list(arguments), prog_name="difreg", standalone_mode=False, obj=session)
    except SystemExit:
        raise
    except BaseException as error:
        if session.traceback:
            raise
        return report(error)
    if code == INTERRUPTED:  # Typer turns the interrupt into this code
        return report(KeyboardInterrupt())
    return code if isinstance(code, int) else DONE


def _prepare_streams() -> None:
    """Make any path printable and readable, whatever the locale and the file system's encoding."""
    for stream, errors in ((sys.stdin, "surrogateescape"), (sys.stdout, "backslashreplace")):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=errors)
