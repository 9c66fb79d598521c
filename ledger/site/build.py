"""Write the site: five kinds of pages, one stylesheet, one script, and the data as another script."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ledger.ask import load_subjects
from ledger.errors import LedgerError
from ledger.registry import Registry
from ledger.site.claim_page import ClaimPages
from ledger.site.data import data_script
from ledger.site.words import WORDS

TEMPLATES = Path(__file__).parent / "templates"
PAGES = {"index.html": "tutorial", "matrix.html": "matrix", "compare.html": "compare", "hooks.html": "hooks"}


def build_site(registry: Registry, records: Path, folder: Path) -> dict[str, int]:
    """Write every page below `folder`; returns the size of each file, by its name."""
    subjects, exact = load_subjects(records), load_subjects(records, edges=True)
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.globals["t"] = WORDS["en"]
    files = {
        "data.js": data_script(registry, subjects, exact),
        "site.css": (TEMPLATES / "site.css").read_text(encoding="utf-8"),
        "site.js": _script(),
    }
    for name, page in PAGES.items():
        files[name] = environment.get_template(name).render(page=page, root="")
    pages, template = ClaimPages(registry, subjects), environment.get_template("claim.html")
    for claim in registry.claims.values():
        files[f"claim/{claim.id}.html"] = template.render(page="claim", root="../", **pages.context(claim))
    files["helpers.js"] = pages.helpers_script()
    return _write(files, folder)


def _script() -> str:
    """The parts of the script in the order of their names, in one function so that they share names with nobody."""
    parts = [file.read_text(encoding="utf-8") for file in sorted(TEMPLATES.glob("js/*.js"))]
    return "\n".join(["(() => {", *parts, "})();", ""])


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
    for file in (folder / "claim").glob("*.html"):
        if f"claim/{file.name}" not in files:
            file.unlink()
    return sizes
