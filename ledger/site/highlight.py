"""Python source as HTML with few and short tags: a span only around what has a colour of its own."""

from __future__ import annotations

from html import escape
from itertools import groupby

from pygments.lexers.python import PythonLexer
from pygments.token import Comment, Keyword, Literal, Name, Number, Operator, String, Token, _TokenType

CLASSES: list[tuple[_TokenType, str]] = [
    (Comment, "c"),
    (Keyword, "k"),
    (Operator.Word, "k"),
    (Number, "m"),
    (String, "s"),
    (Literal, "s"),
    (Name.Decorator, "d"),
    (Name.Function, "f"),
    (Name.Class, "f"),
]


def highlight(code: str) -> str:
    """The code as the content of a <pre>; site.css gives the classes their colours."""
    tokens = ((_class_of(kind), text) for kind, text in _LEXER.get_tokens(code))
    parts = []
    for name, group in groupby(tokens, key=lambda token: token[0]):
        text = escape("".join(text for _, text in group), quote=False)
        parts.append(f"<i class={name}>{text}</i>" if name else text)
    return "".join(parts).rstrip("\n")


_LEXER = PythonLexer()


def _class_of(kind: _TokenType) -> str:
    if kind in Token.Literal.String.Interpol:
        return ""
    return next((name for parent, name in CLASSES if kind in parent), "")
