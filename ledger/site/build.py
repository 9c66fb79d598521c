"""Write the site: six kinds of pages, one stylesheet, and one script that brings the data along."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ledger.ask import load_subjects
from ledger.errors import LedgerError
from ledger.ratios import load_benchmarks
from ledger.registry import Registry
from ledger.site.claim_page import ClaimPages
from ledger.site.data import data_script
from ledger.site.performance import performance
from ledger.site.words import WORDS

TEMPLATES = Path(__file__).parent / "templates"
PAGES = {"index.html": "tutorial", "matrix.html": "matrix", "compare.html": "compare", "hooks.html": "hooks"}


def build_site(registry: Registry, records: Path, folder: Path) -> dict[str, int]:
    """Write every page below `folder`; returns the size of each file, by its name."""
    subjects, exact = load_subjects(records), load_subjects(records, edges=True)
    benchmarks = load_benchmarks(records / "benchmarks")
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.globals["t"] = WORDS["en"]
    files = {
        "site.css": (TEMPLATES / "site.css").read_text(encoding="utf-8"),
        "site.js": data_script(registry, subjects, exact, bool(benchmarks)) + _script(),
    }
    for name, page in PAGES.items():
        files[name] = environment.get_template(name).render(page=page, root="")
    if benchmarks:
        template = environment.get_template("performance.html")
        files["performance.html"] = template.render(page="performance", root="", **performance(benchmarks))
    pages, template = ClaimPages(registry, subjects), environment.get_template("claim.html")
    for claim in registry.claims.values():
        files[f"claim/{claim.id}.html"] = template.render(page="claim", root="../", **pages.context(claim))
    files["helpers.js"] = pages.helpers_script()
    return _write(files, folder)


def _script() -> str:
    """The parts of the script in the order of their names, in one function so that they share names with nobody."""
    parts = [file.read_text(encoding="utf-8") for file in sorted(TEMPLATES.glob("js/*.js"))]
    return "\n".join([";(() => {", *parts, "})();", ""])


def _write(files: dict[str, str], folder: Path) -> dict[str, int]:
    sizes = {}
    try:
        (folder / "claim").mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            content = text.encode()
            (folder / name).write_bytes(content)
            sizes[name] = len(content)
    except OSError as error:
        raise LedgerError(f"{folder}: the site cannot be written there: {error.strerror}") from error
    for name in ("performance.html", *(f"claim/{file.name}" for file in (folder / "claim").glob("*.html"))):
        if name not in files:
            (folder / name).unlink(missing_ok=True)
    return sizes
