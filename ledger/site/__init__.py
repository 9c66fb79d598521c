"""The ledger as a static site, and as a job's summary. Jinja2 and pygments are imported only while a site is made."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from ledger.errors import LedgerError
from ledger.record import read_record
from ledger.registry import Registry


def site(registry: Registry, options: Namespace) -> tuple[Any, list[str]]:
    """Write the site into `options.folder`; says how many pages it has and how large it is."""
    try:
        from ledger.site.build import build_site
    except ModuleNotFoundError as error:
        raise LedgerError(f"{error.name} is not installed, and pages are made with it; run `tox -e site`") from error
    sizes = build_site(registry, options.records, options.folder)
    pages = sum(name.endswith(".html") for name in sizes)
    return sizes, [f"{options.folder}: {pages} pages, {sum(sizes.values()) / 1e6:.2f} MB; open index.html"]


def report(registry: Registry, options: Namespace) -> tuple[Any, list[str]]:
    """What fresh records say, as markdown: what drifted first."""
    from ledger.site.summary import github_report

    lines: list[str] = []
    for file in options.files:
        lines += [*github_report(registry, read_record(file)), ""]
    return lines, lines
