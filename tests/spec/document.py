"""An OpenAPI document: where it is read from, and what its references stand for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TypeAlias, cast

import httpx
import yaml

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"


class SpecError(Exception):
    """The description can't be read; the message is one line for the person who named it."""


class _PlainLoader(yaml.SafeLoader):
    """YAML without dates: an example such as 2026-01-31 stays the text that JSON would have."""


_PlainLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


class Document:
    """A parsed description, and the way to what its `$ref`s point at."""

    def __init__(self, root: dict[str, Json]) -> None:
        self.root = root

    @classmethod
    def read(cls, source: str) -> Document:
        """Read a description from a path or an http(s) URL, as JSON or YAML."""
        return cls.parse(_text(source), source)

    @classmethod
    def parse(cls, text: str, source: str = "the document") -> Document:
        """Parse a description, or say why it isn't one."""
        try:
            root = cast("Json", yaml.load(text, Loader=_PlainLoader))
        except (yaml.YAMLError, RecursionError) as error:
            problem = " ".join(str(error).split())
            raise SpecError(f"{source} is neither JSON nor YAML: {problem}") from error
        if not isinstance(root, dict) or not isinstance(root.get("paths"), dict):
            raise SpecError(f"{source} is not an OpenAPI description: it has no paths")
        version = str(root.get("openapi", root.get("swagger", "none")))
        if not version.startswith(("3.0", "3.1")):
            raise SpecError(f"{source} is OpenAPI {version}; 3.0 and 3.1 are understood")
        return cls(root)

    def resolve(self, node: dict[str, Json], where: str) -> dict[str, Json]:
        """Follow `$ref`s until something else is there."""
        seen: list[str] = []
        while isinstance(ref := node.get("$ref"), str):
            if ref in seen:
                raise SpecError(f"{where}: {ref} refers to itself")
            seen.append(ref)
            node = self.at(ref, where)
        return node

    def at(self, ref: str, where: str) -> dict[str, Json]:
        """What stands at `#/a/b`, a place inside this document."""
        node: Json = self.root
        if not ref.startswith("#/"):
            raise SpecError(f"{where}: {ref} is outside the document")
        for step in ref[2:].split("/"):
            key = step.replace("~1", "/").replace("~0", "~")
            if not isinstance(node, dict) or key not in node:
                raise SpecError(f"{where}: {ref} is not in the document")
            node = node[key]
        return mapping(node, ref)


def mapping(node: Json, where: str) -> dict[str, Json]:
    """The node as an object, with every key as text (YAML reads `200:` as a number)."""
    if not isinstance(node, dict):
        raise SpecError(f"{where} should be an object, not {json.dumps(node, default=str)[:40]}")
    return {str(key): value for key, value in node.items()}


def sequence(node: Json, where: str) -> list[Json]:
    """The node as a list."""
    if not isinstance(node, list):
        raise SpecError(f"{where} should be a list, not {json.dumps(node, default=str)[:40]}")
    return node


def _text(source: str) -> str:
    if source.startswith(("http://", "https://")):
        return _downloaded(source)
    try:
        return Path(source).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise SpecError(f"{source} can't be read: {reason}") from error


def _downloaded(url: str) -> str:
    try:
        answer = httpx.get(url, follow_redirects=True, timeout=30.0)
        answer.raise_for_status()
    except httpx.HTTPStatusError as error:
        raise SpecError(f"{url} answered {error.response.status_code}") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise SpecError(f"{url} can't be reached: {reason}") from error
    return answer.text
