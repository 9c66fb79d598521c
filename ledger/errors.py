"""The one exception for mistakes a person can mend; it is shown as its message, never as a traceback."""

import difflib


class LedgerError(Exception):
    """A user's mistake: the message names the file or option, the id, and the remedy."""


def suggest(word, known):
    """Return "; did you mean X?" with the known word nearest to `word`, or an empty string."""
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f"; did you mean {near[0]!r}?" if near else ""


def some(names, shown=12):
    """Return the first few names, and how many more there are; "none" where there is none."""
    rest = f" and {len(names) - shown} more" if len(names) > shown else ""
    return (", ".join(names[:shown]) + rest) or "none"
