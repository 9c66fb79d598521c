"""Bisection: two adjacent releases are found in at most log2(n) + 1 runs, whatever side the search compares with."""

from __future__ import annotations

import math

import pytest

from ledger.ask import Subject
from ledger.commands import RELEASES
from ledger.edges import Probe, flips, known_release, search, stable_releases
from ledger.errors import LedgerError

CLAIM = """
    ["it"]
    en = "it"
    zh = "它"
    devices = ["cpu"]
    eras = [{ expect = "holds" }]
"""


@pytest.mark.parametrize("forward", [True, False])
@pytest.mark.parametrize("size", [2, 3, 17, 138])
def test_every_edge_is_found(size, forward):
    releases = [f"1.0.{number}" for number in range(size)]
    for edge in range(1, size):

        def probe(release, edge=edge):
            old = releases.index(release) < edge
            return Probe(release, old == forward, "old" if old else "new")

        found = search(releases, forward, probe, ("old", "new"))
        assert (found.last.release, found.first.release) == (releases[edge - 1], releases[edge])
        assert (found.last.said, found.first.said) == ("old", "new")
        assert found.runs <= math.log2(size) + 1


def test_a_minor_line_names_its_last_release():
    releases = stable_releases(RELEASES)
    assert (releases[0], len(releases)) == ("1.0.0", len(set(releases)))
    assert known_release(releases, "1.3") == "1.3.8"
    assert known_release(releases, "1.8.0") == "1.8.0"
    assert known_release(releases, "1.5.10.post0") == "1.5.10.post0"
    with pytest.raises(LedgerError, match=r"Lightning 1\.3\.9 is no stable release; did you mean '1\.5\.9'\?"):
        known_release(releases, "1.3.9")


def test_the_flips_of_a_claim_are_between_neighbouring_records(make_registry):
    claim = make_registry(CLAIM).claim("it")

    def subject(lightning: str, verdict: str) -> Subject:
        entry = {"verdict": verdict}
        return Subject({"subject": {"lightning": lightning, "torch": "2.0"}, "claims": {"it": {"cpu": entry}}})

    verdicts = {"1.0.8": "holds", "1.1.8": "refuted", "1.2.10": "refuted", "1.3.8": "holds"}
    assert flips([subject(*pair) for pair in verdicts.items()], claim) == [("1.0.8", "1.1.8"), ("1.2.10", "1.3.8")]
