"""Finds phrases that users should not have to read: `python -m tools.plain_words`.

It reads what users read: the docs, the templates of the pages, and the texts in the code that end
up on a screen or in a report (strings, and the docstrings of commands). Prints a line per place,
and ends with 1 if there is any.
"""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]

# Phrase to what to write instead.
PHRASES = {
    r"(?<!there )(?<!which )\b(?:is|are|was|were) no (?!longer|more|fewer|less|one)": "is not a",
    r"\btold\b": "reported, said, found",
    r"\bnobody\b": "no one, no character",
    r"\bsomebody\b": "someone, a character",
    r"\beverybody\b": "every character, everyone",
    r"\b(?:of|to|in|by|with) whom\b": "who, whose",
    r"\bwhom\b": "who",
    r"\bhardly\b": "barely, not enough",
    r"\blikest\b": "most similar",
    r"\bin open picture\b": "in full view",
    r"\bin doubt\b": "as minor, uncertain",
    r"\b(?:the )?surer\b": "more confident",
    r"\bthrown (?:out|away)\b": "deleted, removed",
    r"\b(?:lies|lie) (?:where|under|below|beside|in|at|there|in the way)\b": "is",
    r"\bstays? (?:itself|themselves|himself)\b": "keeps the same identity",
    r"\bmakes? nobody\b": "does not create a character",
    r"\bless than was asked\b": "with fallbacks",
    r"\bother bytes\b": "sha256 mismatch",
    r"\bwants to be\b": "needs to be",
    r"\bcannot be had\b": "is not available",
    r"\bof like (?:size|colour|shape)\b": "of similar size",
    r"\bbe made out\b": "be recognised",
    r"\bwithout a word\b": "silently",
}
_COMPILED = {re.compile(pattern, re.IGNORECASE): hint for pattern, hint in PHRASES.items()}

# Files that users read, but whose words are kept as they are, with the reason.
EXCEPTIONS = {
    "docs/log/": "the record of what was tried, as it was written at the time",
    "CHANGELOG.md": "past entries are not rewritten",
}
# Text that is matched for a reason, per file.
ALLOWED = {
    "docs/glossary.md": ["*likeness*"],
}
PAGES = (
    "README.md",
    "CONTRIBUTING.md",
    "action.yml",
    "docs/**/*.md",
    "examples/**/*.md",
    "sample_videos/README.md",
    "castcheck/report/templates/*",
    "castcheck/review/static/*",
)
CODE = ("castcheck", "identity", "tracker", "scenes")
# Functions whose docstring is a help text.
_COMMANDS = ("cli.py", "command.py", "commands.py", "compare_command.py")


def faults(text: str) -> Iterator[tuple[int, str, str]]:
    """Yield the line, the phrase, and what to write instead."""
    for number, line in enumerate(text.splitlines(), start=1):
        for pattern, hint in _COMPILED.items():
            for match in pattern.finditer(line):
                yield number, match.group().strip(), hint


def texts_of(source: str, name: str) -> Iterator[tuple[int, str]]:
    """Yield the line and the text of every string in code that a user may read.

    Docstrings are for developers, except those of commands, which are their help.
    """
    tree = ast.parse(source)
    docstrings = {}
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            first = node.body[0] if node.body else None
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                docstrings[first.value] = (
                    isinstance(node, ast.FunctionDef)
                    and name.endswith(_COMMANDS)
                    and (node.name == "_root" or not node.name.startswith("_"))
                )
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
            continue
        if docstrings.get(node, True) and not node.value.isidentifier():  # a key, not a text
            yield node.lineno, node.value


def all_faults(root: Path = ROOT) -> Iterator[str]:
    """Yield a line of text per place that should be rewritten."""
    for pattern in PAGES:
        for path in sorted(root.glob(pattern)):
            name = path.relative_to(root).as_posix()
            if path.is_file() and not name.startswith(tuple(EXCEPTIONS)):
                text = path.read_text(encoding="utf-8")
                for phrase in ALLOWED.get(name, ()):
                    text = text.replace(phrase, "")
                for line, phrase, hint in faults(text):
                    yield f"{name}:{line}: {phrase!r}; write: {hint}"
    for package in CODE:
        for path in sorted((root / package).rglob("*.py")):
            name = path.relative_to(root).as_posix()
            for line, text in texts_of(path.read_text(encoding="utf-8"), path.name):
                for offset, phrase, hint in faults(text):
                    yield f"{name}:{line + offset - 1}: {phrase!r}; write: {hint}"


def main() -> int:
    """Print what is found and return the exit code."""
    found = list(all_faults())
    print("\n".join(found) or "plain words: nothing found")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
