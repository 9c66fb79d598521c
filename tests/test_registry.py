"""The registry: what is read from claims.toml, and what is said of a file that is written wrongly."""

from __future__ import annotations

import subprocess
import sys

import pytest

from ledger.errors import LedgerError, suggest
from ledger.registry import Sentence, load_registry, unaccounted_sentences

HOLDS = 'en = "It runs."\nzh = "它能运行。"\ndevices = ["cpu"]\neras = [{ expect = "holds" }]\n'


def claim(id: str, *lines: str) -> str:
    """The TOML of a claim that holds, with these lines in the place of its own of the same key, or added."""
    table = dict(line.split(" = ", 1) for line in HOLDS.splitlines())
    table.update(line.split(" = ", 1) for line in lines)
    return f'["{id}"]\n' + "".join(f"{key} = {value}\n" for key, value in table.items())


def sentence(number: int, not_a_claim: str = "") -> str:
    reason = f'not_a_claim = "{not_a_claim}"\n' if not_a_claim else ""
    return f'[[sentence]]\nnumber = {number}\nsays = "Something."\n{reason}'


def section(order: int, part: str = "") -> str:
    return f'[section]\norder = {order}\n{part}en = "Part {order}"\nzh = "第{order}部分"\n'


def message_of(load, *arguments) -> str:
    with pytest.raises(LedgerError) as caught:
        load(*arguments)
    return str(caught.value)


REFUTED = (
    'eras = [{ versions = "<2.0", expect = "holds" }, { versions = ">=2.0", expect = "refuted", correction = "%s" }]'
)


def test_everything_of_a_file_is_read(make_registry):
    registry = make_registry(
        section(3, "part = 0\n")
        + sentence(1)
        + sentence(2, "biography")
        + claim("a", 'en = " One. "', 'devices = ["cpu", "sim"]', "sentences = [1]", REFUTED % "a.now")
        + claim("a.now", 'devices = ["sim", "cpu", "cuda"]')
    )
    (only,) = registry.sections
    assert (only.order, only.part, only.title("en"), only.title("zh")) == (3, 0, "Part 3", "第3部分")
    assert only.sentences == (Sentence(1, "Something."), Sentence(2, "Something.", "biography"))
    assert list(registry.claims) == ["a", "a.now"]
    first = registry.claim("a")
    assert (first.wording("en"), first.wording("zh"), first.devices) == ("One.", "它能运行。", ("cpu", "sim"))
    assert (first.sentences, first.file.name) == ((1,), "claims.toml")
    assert [first.era(version).expect for version in ("1.9.5", "2.0.0+cpu", "2.7.0rc1")] == [
        "holds",
        "refuted",
        "refuted",
    ]
    assert registry.corrected == {"a.now": ["a"]}


def test_sections_stand_in_their_order_and_not_in_that_of_the_folders(write_claims):
    write_claims(section(2) + claim("a"), "a_folder")
    specs = write_claims(section(1) + claim("z"), "z_folder").parent.parent
    assert list(load_registry(specs).claims) == ["z", "a"]


def test_a_folder_without_claims_is_refused(tmp_path):
    assert message_of(load_registry, tmp_path) == (
        f"{tmp_path}: no */claims.toml found; point to the folder that holds the specs"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[section\norder = 1", "not valid TOML: "),
        (claim("a") + claim("a"), "not valid TOML: "),
        ('[section]\norder = 1\nen = "Part"', "[section] must give order, en and zh (and the tutorial's part, where"),
        ('section = "Part"  # [section]', "[section] must give order, en and zh (and the tutorial's part, where"),
        (section(1, 'title = "x"\n'), "[section] must give order, en and zh (and the tutorial's part, where"),
        ('[section]\norder = "1"\nen = "P"\nzh = "P"', "[section]: 'order' must be a number; found '1'"),
        (section(1, 'part = "0"\n'), "[section]: 'part' must be a number; found '0'"),
        ("sentence = 1\n" + section(1), "sentences are written as [[sentence]], each with number and says"),
        ("[[sentence]]\nnumber = 1", "a [[sentence]] gives number and says, and not_a_claim where no claim refers"),
        (
            "sentence = [1]\n" + section(1),
            "a [[sentence]] gives number and says, and not_a_claim where no claim refers",
        ),
        (sentence(1) + "claim = 'a'", "a [[sentence]] gives number and says, and not_a_claim where no claim refers"),
        (sentence(1) + "not_a_claim = ''", "[[sentence]] 1: 'not_a_claim' must be a string, and not empty; found ''"),
        (sentence(2), "the sentences must be numbered 1, 2, 3 … in order; found [2]"),
        (sentence(1) + sentence(3), "the sentences must be numbered 1, 2, 3 … in order; found [1, 3]"),
        (sentence(2) + sentence(1), "the sentences must be numbered 1, 2, 3 … in order; found [2, 1]"),
        (sentence(1) + sentence(1), "the sentences must be numbered 1, 2, 3 … in order; found [1, 1]"),
        (claim("a", "sentences = [1]"), "a refers to sentence 1, which the file does not list; add it"),
        (
            '"a" = 1\n' + section(1),
            'a: not a table; a claim is written as ["a"] with en, zh, devices and eras below it',
        ),
        ('["a"]', "a: 'devices' is missing"),
        (claim("a").replace("zh", "cn"), "a: 'zh' is missing"),
        (claim("a", "device = 'cpu'"), "a: a claim has no key 'device'; remove it"),
        (claim("a", 'en = ""'), "a: 'en' must be a string, and not empty; found ''"),
        (claim("a", "zh = 3"), "a: 'zh' must be a string, and not empty; found 3"),
        (claim("a", 'devices = "cpu"'), "a: 'devices' must be a list of names, and not empty; found 'cpu'"),
        (claim("a", "devices = []"), "a: 'devices' must be a list of names, and not empty; found []"),
        (claim("a", 'devices = ["cdua"]'), "a: unknown device 'cdua'; did you mean 'cuda'? (known: cpu, cuda, sim)"),
        (claim("a", 'devices = ["tpu"]'), "a: unknown device 'tpu'; did you mean 'cpu'? (known: cpu, cuda, sim)"),
        (claim("a", 'devices = ["xla"]'), "a: unknown device 'xla' (known: cpu, cuda, sim)"),
        (claim("a", "sentences = 1"), "a: 'sentences' must be a list of numbers, and not empty; found 1"),
        (claim("a", "eras = []"), "a: 'eras' must be a list of tables, and not empty; found []"),
        (claim("a", 'eras = ["holds"]'), "a: 'eras' must be a list of tables, and not empty; found ['holds']"),
        (claim("a", 'eras = [{ expect = "hold" }]'), "a: an era expects 'hold'; write one of holds, refuted, untested"),
        (
            claim("a", 'eras = [{ versions = "<1.5", expect = "holds" }, { versions = ">=1.6", expect = "holds" }]'),
            "a: gap between the eras <1.5 and >=1.6; let one end where the next begins",
        ),
        (
            claim("a", REFUTED % "a.nov") + claim("a.now"),
            "a: its correction 'a.nov' does not exist; did you mean 'a.now'?",
        ),
        (claim("a", REFUTED % "zzzzzz"), "a: its correction 'zzzzzz' does not exist"),
        (
            claim("a", REFUTED % "a.now", 'devices = ["cpu", "sim", "cuda"]') + claim("a.now"),
            "a: its correction 'a.now' has no spec on cuda, sim",
        ),
        (
            section(1, "part = 0\n") + sentence(1, "x") + claim("a"),
            "a: no sentence and no claim leads to it; give `sentences` or make it a correction",
        ),
    ],
)
def test_a_wrong_file_is_refused(write_claims, text, message):
    file = write_claims(text)
    found = message_of(load_registry, file.parent.parent)
    start = f"{file}: {message}"
    assert found.startswith(start) if message.endswith((": ", "where", "refers")) else found == start


def test_a_file_that_is_not_utf_8_is_refused(write_claims):
    file = write_claims(claim("a"))
    file.write_bytes(file.read_bytes() + b"# \xff\n")
    assert message_of(load_registry, file.parent.parent).startswith(f"{file}: not valid TOML: 'utf-8' codec can't")


def test_an_id_in_two_files_is_refused(write_claims):
    first = write_claims(claim("a"), "first")
    second = write_claims(section(2) + claim("a"), "second")
    assert message_of(load_registry, first.parent.parent) == f"{second}: a is already defined in {first}; rename one"


@pytest.mark.parametrize(
    ("written", "known", "message"),
    [
        ("part.clam", ["part.claim", "else"], "; did you mean 'part.claim'?"),
        ("nothing-like-it", ["part.claim"], ""),
        ("a", [], ""),
    ],
)
def test_a_near_word_is_suggested(written, known, message):
    assert suggest(written, known) == message


def test_an_unknown_id_is_answered_with_the_nearest(make_registry):
    registry = make_registry(claim("part.claim"))
    assert message_of(registry.claim, "part.clam") == "unknown claim id 'part.clam'; did you mean 'part.claim'?"


@pytest.mark.parametrize(("referred", "excused"), [(False, False), (False, True), (True, False), (True, True)])
def test_a_sentence_has_a_claim_or_a_reason_to_have_none(make_registry, referred, excused):
    registry = make_registry(
        sentence(1, "biography" if excused else "") + claim("a", *(["sentences = [1]"] if referred else []))
    )
    message = (
        "part/claims.toml: sentence 1 needs a claim that refers to it, or not_a_claim with the reason, and not both"
    )
    assert unaccounted_sentences(registry) == ([] if referred != excused else [message])


@pytest.fixture(scope="module")
def real(root):
    return load_registry(root / "specs")


def test_the_real_registry_accounts_for_every_sentence(real):
    assert unaccounted_sentences(real) == []


def test_the_real_registry_words_everything_in_two_languages(real):
    worded = [(section.en, section.zh) for section in real.sections] + [(c.en, c.zh) for c in real.claims.values()]
    assert [pair for pair in worded if not all(pair) or pair[0] == pair[1] or pair[1].isascii()] == []


def test_no_wording_of_the_real_registry_is_used_twice(real):
    for language in ("en", "zh"):
        wordings = [claim.wording(language) for claim in real.claims.values()]
        assert sorted(wordings) == sorted(set(wordings))


def test_where_a_real_claim_is_refuted_its_correction_is_not(real):
    wrong = [
        (claim.id, str(era), correcting.id, str(other))
        for claim in real.claims.values()
        for era in claim.eras
        if era.correction
        for correcting in [real.claims[era.correction]]
        for other in correcting.eras
        if other.expect == "refuted" and _meet(era, other)
    ]
    assert wrong == []


def _meet(one, other) -> bool:
    lowers = [edge for edge in (one.lower, other.lower) if edge is not None]
    uppers = [edge for edge in (one.upper, other.upper) if edge is not None]
    return not lowers or not uppers or max(lowers) < min(uppers)


def test_asking_the_ledger_imports_neither_torch_nor_lightning(root):
    program = (
        "import sys, ledger.__main__, ledger.document, ledger.running, ledger.sabotage, ledger.unrecorded\n"
        "heavy = ('torch', 'pytorch_lightning', 'lightning', 'numpy', 'pytest')\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True)
    assert found.stdout == "[]\n"
