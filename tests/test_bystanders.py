"""Bystanders: which cases a sabotage can reach, the matrix of what they notice, and what stands out in it."""

import functools
from pathlib import Path

import pytest

from fixtures.sabotage import Sabotage
from mutants.bystanders import main
from mutants.matrix import Matrix, Row, blind, read_matrix, summary
from mutants.patched import codes, may_notice, own_lines, replaced

ROWS = {
    "a.one breaks": Row("It breaks.", 4, ("a.one", "b.two", "c.all")),
    "a.one bends": Row("It bends.", 4, ("a.one",)),
    "b.two falls": Row("It falls.", 2, ("c.all",), also=("e.five",)),
    "c.all ends": Row("It ends.", 3, ("c.all",)),
    "d.none dies": Row("It dies.", 3, (), "time"),
}
CLAIMS = ("a.one", "b.two", "c.all", "d.none")
MATRIX = Matrix("2.6.6", ROWS, CLAIMS)


def test_what_stands_out_is_told():
    assert list(summary(MATRIX)) == [
        "4 sabotages tried on Lightning 2.6.6; 1 ended early",
        "a sabotage is reached by 4 cases and noticed by 1 claims (medians)",
        "2 are noticed by no claim but their own: a.one bends, c.all ends",
        "2 of 4 claims notice none but their own: a.one, d.none",
        "1 claims notice more than half of all: c.all (3)",
        "claims that notice most: c.all (3), a.one (2), b.two (1)",
    ]


def test_the_matrix_is_kept_in_a_file(tmp_path, capsys):
    file = tmp_path / "matrix.json"
    MATRIX.write(file)
    assert read_matrix(file) == MATRIX
    assert main(["--json", str(file), "--tell"]) == 0
    assert capsys.readouterr().out.splitlines() == [*summary(MATRIX)]


def test_without_a_matrix_there_is_nothing_to_tell(tmp_path, capsys):
    assert main(["--tell", "--json", str(tmp_path / "matrix.json")]) == 1
    assert capsys.readouterr().err == "error: --tell: there is no matrix yet; name its file with --json\n"


def test_a_matrix_of_another_release_is_not_gone_on_with(tmp_path):
    with pytest.raises(Exception, match=r"is of Lightning 2\.6\.6, not 2\.5\.6; name another file"):
        Matrix("2.6.6", dict(ROWS)).of("2.5.6", CLAIMS, {})


def test_rows_of_sabotages_that_are_gone_are_dropped():
    matrix = Matrix("2.6.6", dict(ROWS))
    matrix.of("2.6.6", CLAIMS, {"c.all ends": (), "new.claim fails": ("b.two",)})
    assert matrix.rows == {"c.all ends": ROWS["c.all ends"]}


def test_a_matrix_to_look_closely_at_must_be_there(tmp_path, capsys):
    assert main(["--closely", str(tmp_path / "matrix.json")]) == 1
    assert capsys.readouterr().err == (
        f"error: {tmp_path}/matrix.json: cannot be read: No such file or directory; name a file that --json wrote\n"
    )


def test_a_matrix_to_look_closely_at_is_not_written_over(tmp_path, capsys):
    file = tmp_path / "matrix.json"
    MATRIX.write(file)
    assert main(["--closely", str(file), "--json", str(file)]) == 1
    assert capsys.readouterr().err == f"error: --closely {file}: is the file of --json too; name another one there\n"
    assert read_matrix(file) == MATRIX


def test_all_claims_of_a_sabotage_are_its_own():
    matrix = Matrix("2.6.6", {"a.one breaks": Row("It breaks.", 4, ("a.one", "b.two"))}, CLAIMS)
    assert "0 are noticed by no claim but their own: none" in summary(matrix)
    assert blind(matrix) == ["a.one", "c.all", "d.none"]
    matrix.of("2.6.6", CLAIMS[:2], {"a.one breaks": ("b.two",)})
    assert "1 are noticed by no claim but their own: a.one breaks" in summary(matrix)
    assert blind(matrix) == ["a.one", "b.two"]


@pytest.mark.parametrize("text", ["{", "[]", '{"claims": [], "lightning": "2.6.6", "sabotages": {"a": {"asked": 1}}}'])
def test_another_file_is_told(tmp_path, capsys, text):
    file = tmp_path / "matrix.json"
    file.write_text(text, encoding="utf-8")
    assert main(["--json", str(file)]) == 1
    assert capsys.readouterr().err == f"error: {file}: no matrix of bystanders; name another file, or remove it\n"
    assert file.read_text(encoding="utf-8") == text


def test_a_file_that_cannot_be_written_is_refused_before_anything_runs(tmp_path, capsys):
    assert main(["--json", str(tmp_path / "no" / "matrix.json")]) == 1
    assert capsys.readouterr().err == (
        f"error: --json {tmp_path}/no/matrix.json: the folder {tmp_path}/no does not exist; make it first\n"
    )
    assert [*tmp_path.iterdir()] == []


def wrapped(function):
    @functools.wraps(function)
    def wrapper(*arguments):
        return function(*arguments)

    return wrapper


class Target:
    table = {"a": 1}

    def method(self):
        return 1

    @staticmethod
    def alone():
        return 2

    @property
    def read(self):
        return 3

    @wrapped
    def inside(self):
        return 4


def reached(*names):
    """A case for each of these methods, which reaches its lines."""
    lines = {}
    for name in names:
        for code in codes(vars(Target)[name]):
            lines.update({line: (*lines.get(line, ()), f"case of {name}") for line in own_lines(code)})
    return {Path(__file__): lines}


@pytest.mark.parametrize("name", ["method", "alone", "read"])
def test_only_cases_that_reach_what_is_replaced_are_asked(name):
    sabotage = Sabotage("a", "breaks", "", lambda patch: patch.setattr(Target, name, None))
    before = vars(Target)[name]
    assert may_notice(sabotage, reached("method", "alone", "read")) == {f"case of {name}"}
    assert vars(Target)[name] is before


def test_what_a_wrapper_wraps_is_replaced_with_it():
    found, unknown = replaced(Sabotage("a", "breaks", "", lambda patch: patch.setattr(Target, "inside", None)))
    assert ([code.co_name for code in found], unknown) == (["wrapper", "inside"], False)


@pytest.mark.parametrize(
    "break_it",
    [
        lambda patch: patch.setattr(Target, "table", {}),
        lambda patch: patch.setattr(Target, "new", 1, raising=False),
        lambda patch: patch.setattr("functools.partial", None),
        lambda patch: patch.setattr(functools, "wraps", None),
        lambda patch: patch.setitem(Target.table, "a", 2),
        lambda patch: patch.setattr(Target, "alone", None),
    ],
    ids=["a table", "a new name", "a path", "elsewhere", "an item", "what no case reaches"],
)
def test_every_case_is_asked_where_it_cannot_be_told(break_it):
    assert may_notice(Sabotage("a", "breaks", "", break_it), reached("method")) is None
    assert Target.table == {"a": 1}
