"""Bystanders: what stands out in the matrix of sabotages and the claims that notice them, and a whole small run."""

from mutants.bystanders import main, summary

MATRIX = {
    "a.one breaks": {"says": "It breaks.", "noticed": ["a.one", "b.two", "c.all"]},
    "a.one bends": {"says": "It bends.", "noticed": ["a.one"]},
    "b.two falls": {"says": "It falls.", "noticed": ["c.all"]},
    "c.all ends": {"says": "It ends.", "noticed": ["c.all"]},
    "d.none dies": {"says": "It dies.", "ended": "time", "noticed": []},
}


def test_what_stands_out_is_told():
    assert list(summary(MATRIX)) == [
        "4 sabotages tried; 1 ended before all claims could be asked",
        "2 are noticed by no claim but their own: a.one bends, c.all ends",
        "claims that notice nothing, not even a sabotage of their own: none",
        "claims that notice more than half of all: c.all (3)",
        "a sabotage is noticed by 1 claims (median)",
    ]


def test_a_claim_that_misses_its_own_sabotage_is_told():
    lines = [*summary({"a.one breaks": {"says": "It breaks.", "noticed": []}})]
    assert lines[2] == "claims that notice nothing, not even a sabotage of their own: a.one"


def test_a_file_that_cannot_be_written_is_refused_before_anything_runs(tmp_path, capsys):
    assert main(["--json", str(tmp_path / "no" / "matrix.json")]) == 1
    assert capsys.readouterr().err == (
        f"error: --json {tmp_path}/no/matrix.json: the folder {tmp_path}/no does not exist; make it first\n"
    )
    assert [*tmp_path.iterdir()] == []
