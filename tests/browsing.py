"""Pages in Debian's chromium with the network off. Tests that need it skip, saying so, where it is missing."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
SIZES = [(1400, 900), (420, 800)]
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="needs Debian's chromium")


@contextmanager
def launched() -> Iterator[Any]:
    """A browser."""
    playwright = pytest.importorskip("playwright.sync_api", reason="needs Playwright for Python")
    with playwright.sync_playwright() as p:
        browser = p.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@contextmanager
def opened(file: Path, width: int, height: int) -> Iterator[Any]:
    """The page of one figure, drawn; it fits its width, and neither complains nor asks, now or in the end."""
    said: list[str] = []
    with launched() as browser:
        page = browser.new_context(offline=True, viewport={"width": width, "height": height}).new_page()
        page.on("console", lambda m: said.append(m.text))
        page.on("pageerror", lambda e: said.append(str(e)))
        page.on("dialog", lambda d: (said.append(d.message), d.dismiss()))
        page.goto(file.as_uri())
        page.wait_for_selector("#figure[data-ready]", timeout=20_000)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        yield page
    assert said == []
