"""`castcheck review`: look at the findings of a run and decide about them."""

from __future__ import annotations

import asyncio
import getpass
import logging
import webbrowser
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from castcheck.console.exit_codes import EXIT_OK
from castcheck.console.options import Quiet
from castcheck.console.screen import Screen
from castcheck.labels import plural
from scenes.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from castcheck.review.desk import Desk
    from castcheck.review.run_folder import Run

DEFAULT_PORT = 8642
EPILOG = """\
Examples:
  castcheck review run
     prints the address of the page; every decision goes at once into run/decisions.jsonl

  castcheck review run --by ann --clips /mnt/renders
     under a name of your own; clips that were moved are looked for there

  castcheck review run --merge ben.jsonl --merge exported.jsonl
     takes in the decisions of others, and says how far you agree

More: docs/review.md
"""


def review(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder that batch or check wrote.")],
    port: Annotated[
        int,
        typer.Option(
            "--port", metavar="N", min=0, max=65535, help="Port of the page; 0 = any free one."
        ),
    ] = DEFAULT_PORT,
    by: Annotated[
        str | None,
        typer.Option(
            "--by", metavar="NAME", help="Name of the reviewer (default: your login name)."
        ),
    ] = None,
    clips: Annotated[
        list[Path] | None,
        typer.Option("--clips", metavar="DIR", help="Folder to search for clips that were moved."),
    ] = None,
    merge: Annotated[
        list[Path] | None,
        typer.Option(
            "--merge", metavar="FILE", help="Merge the decisions of others, without opening a page."
        ),
    ] = None,
    open_page: Annotated[
        bool, typer.Option("--open", help="Open the page in the browser.")
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Open a local page with the clip playing, to mark findings as right, wrong or missed."""
    from castcheck.review.decisions import most_of  # noqa: PLC0415 (--help need not wait for these)
    from castcheck.review.desk import Desk  # noqa: PLC0415
    from castcheck.review.run_folder import ClipFinder, read_run  # noqa: PLC0415

    screen = Screen(quiet=quiet)
    found = read_run(run)
    folders = tuple(clips or ())
    for folder in folders:
        if not folder.is_dir():
            raise ConfigError("no such folder", where=folder, hint="check --clips")
    desk = Desk(found, ClipFinder(found, folders), reviewer=_reviewer(by))
    try:
        for line in most_of(desk.complaints):
            screen.error(line)
        if merge:
            _merge(found, merge, screen)
        else:
            _serve(desk, port, screen, open_page=open_page)
    finally:
        desk.close()
    raise typer.Exit(EXIT_OK)


def _reviewer(name: str | None) -> str:
    if name is None:
        try:
            return getpass.getuser()
        except (OSError, KeyError):  # a container without users
            return "reviewer"
    if not name.strip():
        raise ConfigError("the name is empty", where="--by")
    return name.strip()


def _serve(desk: Desk, port: int, screen: Screen, *, open_page: bool) -> None:
    import uvicorn  # noqa: PLC0415 (as above)

    from castcheck.review.server import HOST, listen, make_app, new_token  # noqa: PLC0415

    with listen(port) as listener:
        port = listener.getsockname()[1]
        token = new_token()
        address = f"http://{HOST}:{port}/?token={token}"
        config = uvicorn.Config(
            make_app(desk, token=token, port=port),
            log_config=None,
            access_log=False,
            lifespan="off",
            ws="none",
            server_header=False,
            timeout_graceful_shutdown=1,  # a video that is open would hold it up
        )
        logging.getLogger("uvicorn.error").addFilter(_is_worth_telling)
        with suppress(KeyboardInterrupt):
            screen.note(f"{plural(len(desk.run.clips), 'clip')}, reviewed by {desk.reviewer}")
            screen.data(address)
            screen.note(
                "open this address on this machine; Ctrl-C ends it, what was decided is saved"
            )
            if open_page:
                webbrowser.open(address)
            uvicorn.Server(config).run(sockets=[listener])
        screen.note(f"review ended: {desk.summary()}")


def _is_worth_telling(record: logging.LogRecord) -> bool:
    """Pass over what uvicorn tells of requests that the end of the server cut short."""
    cut_short = record.exc_info is not None and record.exc_info[0] is asyncio.CancelledError
    return not cut_short and not record.getMessage().startswith("Cancel ")


def _merge(run: Run, paths: Sequence[Path], screen: Screen) -> None:
    """Take in other files of decisions and say how far the reviewers agree."""
    from castcheck.batch.store import DECISIONS_FILE  # noqa: PLC0415
    from castcheck.review.agreement import agreements, merge  # noqa: PLC0415
    from castcheck.review.decisions import (  # noqa: PLC0415
        append_decisions,
        most_of,
        read_decisions,
        read_named,
    )

    target = run.folder / DECISIONS_FILE
    findings = {c.sha256: {str(f["id"]) for f in c.record.findings} for c in run.clips}
    for path in paths:
        if not path.is_file():
            raise ConfigError("no such file", where=path, hint="check --merge")
    for path, there in [(path, read_named(path)) for path in paths]:
        for line in most_of(there.complaints):
            screen.error(line)
        found = merge(read_decisions(target).decisions, there.decisions, findings=findings)
        append_decisions(target, found.new)
        screen.line(f"{path}: {plural(len(found.new), 'decision')} taken in, {found.known} known")
        if found.foreign:
            screen.error(
                f"{path}: {plural(found.foreign, 'decision')} about clips or findings that are "
                "not in this run: made on another one, or it was judged again since; left out"
            )
    for row in agreements(read_decisions(target).decisions):
        kappa = "" if row.kappa is None else f", kappa {row.kappa:.2f}"
        screen.line(
            f"{row.one} and {row.other}: the same on {row.same} of {plural(row.both, 'finding')}"
            f"{kappa}; both point at {row.both_missed} of {row.either_missed} missed"
        )
