"""Both READMEs show what the committed record of the newest line says, in the words of the terminal document."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from ledger.ask import load_subjects
from ledger.document import MARK
from ledger.registry import load_registry
from ledger.words import WORDS

ROOT = Path(__file__).parent.parent
READMES = {"en": ROOT / "README.md", "zh": ROOT / "README.zh.md"}


@pytest.fixture(scope="module")
def newest():
    """As it was recorded on a machine without a GPU."""
    return replace(load_subjects(ROOT / "records")[-1], gpu=None)


@pytest.fixture(params=READMES)
def language(request):
    return request.param


@pytest.fixture
def excerpt(language):
    """The lines of the document that a README shows."""
    return READMES[language].read_text(encoding="utf-8").partition("```text\n")[2].partition("\n```")[0].splitlines()


def test_the_title_names_the_subject(excerpt, language, newest):
    assert excerpt[0].strip("═ ") == WORDS[language]["title"].format(**newest.record["subject"])


def test_the_verdicts_and_wordings_are_those_of_the_claims(excerpt, language, newest):
    registry, on = load_registry(ROOT / "specs"), WORDS[language]["on"]
    heads = [line for line in excerpt if re.match(r"  [a-z-]+\.", line)]
    assert len(heads) >= 4
    together = "".join(excerpt).replace(" ", "")
    for head in heads:
        id, *verdicts = re.split(r"  +", head.strip())
        told = {}
        for verdict in verdicts:
            mark, word, between, devices = verdict.split(" ", 3)
            assert (mark, between) == (MARK[word], on)
            told |= dict.fromkeys(devices.split(", "), word)
        assert told == newest.verdicts(id)
        assert registry.claim(id).wording(language).replace(" ", "") in together
