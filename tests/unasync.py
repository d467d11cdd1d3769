"""Generates the sync half from the async half: `python -m tests.unasync [--check]`.

It rewrites text by the table below, docstrings included, so that an example in the sync half
has no `await`. A rule that nothing uses any more is an error: the table can't rot.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
HALVES = {
    ROOT / "keito" / "_async": ROOT / "keito" / "_sync",
    ROOT / "tests" / "client" / "_async": ROOT / "tests" / "client" / "_sync",
}
WRITTEN_BY_HAND = {"pages.py"}
HEADER = "# Generated from {source}: change that, then run `make fix`.\n"

# From the special to the general.
RULES = [
    (r"for asyncio, from which the one for threads is generated", "for threads"),
    (r"from asyncio import sleep", "from time import sleep"),
    (r"\bAsyncPages\b", "Page"),
    (r"\bAsyncClient\b", "Client"),
    (r"\bAsync([A-Z]\w*)", r"\1"),
    (r"\b_async\b", "_sync"),
    (r"\basync_(keito|together)", r"\1"),
    (r"\b__aenter__\b", "__enter__"),
    (r"\b__aexit__\b", "__exit__"),
    (r"\baclose\b", "close"),
    (r"\basynccontextmanager\b", "contextmanager"),
    (r"\basync (def|with|for)\b", r"\1"),
    (r"\bawait ", ""),
]


def generate() -> dict[Path, str]:
    """Return what each generated file must hold.

    Raises:
        SystemExit: A rule was never used.
    """
    used: set[str] = set()
    files = {
        target / source.relative_to(origin): _rewritten(source, used)
        for origin, target in HALVES.items()
        for source in sorted(origin.rglob("*.py"))
        if source.name not in WRITTEN_BY_HAND
    }
    unused = [pattern for pattern, _ in RULES if pattern not in used]
    if unused:
        raise SystemExit(f"rules that nothing uses: {unused}")
    return {path: _formatted(text, path) for path, text in files.items()}


def stale() -> list[Path]:
    """Return the generated files that differ from what they must hold, or are left over."""
    expected = generate()
    found = {
        path
        for target in HALVES.values()
        for path in target.rglob("*.py")
        if path.name not in WRITTEN_BY_HAND
    }
    changed = {path for path, text in expected.items() if _read(path) != text}
    return sorted(changed | (found - set(expected)))


def main(arguments: list[str]) -> None:
    """Write the generated files, or with --check say which are stale."""
    if arguments == ["--check"]:
        names = [str(path.relative_to(ROOT)) for path in stale()]
        sys.exit(f"stale, run `make fix`: {', '.join(names)}" if names else 0)
    expected = generate()
    for path in stale():
        if path not in expected:
            path.unlink()
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(expected[path])


def _rewritten(source: Path, used: set[str]) -> str:
    text = source.read_text()
    for pattern, replacement in RULES:
        text, count = re.subn(pattern, replacement, text)
        if count:
            used.add(pattern)
    return HEADER.format(source=source.relative_to(ROOT)) + text


def _formatted(text: str, path: Path) -> str:
    # Shorter names change where lines break and how imports sort.
    for command in (["check", "--fix-only", "--quiet", "--select", "I"], ["format", "--quiet"]):
        text = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "--stdin-filename", str(path), "-"],
            input=text,
            capture_output=True,
            check=True,
            text=True,
        ).stdout
    return text


def _read(path: Path) -> str | None:
    return path.read_text() if path.exists() else None


if __name__ == "__main__":
    main(sys.argv[1:])
