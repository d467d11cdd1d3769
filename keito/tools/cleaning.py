"""Text that comes from a model or goes to one: short, on one line, and without traps."""

from __future__ import annotations

import re
import unicodedata

MOST_TEXT = 500
"""How many characters of a model's text are kept as evidence."""

MOST_SUBJECT = 200
"""How many characters name a subject."""

_READ = 20
"""Of how many times as much text is read: a model that sends a book must not hold up a loop."""

_LINKS = re.compile(
    r"""
    (?: [a-z][a-z0-9+.-]*:// | www\. | \b(?:mailto|javascript|data|tel): ) \S+  # with a scheme
    | \b (?:[\w-]+\.)+ [a-z]{2,} / \S*                                         # with a path
    | \b (?:[\w-]+\.)+ (?:com|net|org|io|info|biz|xyz|dev|app) \b              # a bare host
    """,
    re.IGNORECASE | re.VERBOSE,
)

# Shown as nothing, or as a space, although Unicode calls them letters, marks or symbols.
_UNSEEN = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0]")
_DASHES = re.compile("[\u2010-\u2015\u2212\ufe58\ufe63\uff0d]")


def cleaned(text: str, most: int) -> str:
    """A text with control and invisible characters and links removed, on one line."""
    visible = "".join(one if one.isprintable() else " " for one in text[: _READ * most])
    # Cut before links are sought: a cut could make evil.com out of evil.community.
    line = " ".join(visible.split())[:most]
    while _LINKS.search(line):
        # What is left of a text without its links may be a link, which they have kept apart.
        line = _LINKS.sub(" ", line)
    return " ".join(line.split())


def as_subject(text: str) -> str:
    """A subject as it is compared: two ways to write what looks the same are the same.

    Models like to write other dashes than people do; and what can't be seen must not make a second
    ticket of the first.
    """
    seen = _UNSEEN.sub("", "".join(one for one in text if one.isprintable() or one.isspace()))
    plain = _DASHES.sub("-", unicodedata.normalize("NFKC", seen))
    return cleaned(_UNSEEN.sub("", plain), MOST_SUBJECT)


def words(name: str) -> str:
    """A name such as `ticket_resolved` in words."""
    return cleaned(name.replace("_", " "), MOST_SUBJECT).capitalize()
