"""Groq: OpenAI's Chat shape, and for its systems of several models a breakdown beside it."""

from __future__ import annotations

from dataclasses import replace

from ..usage import Usage
from . import openai_chat
from .fields import Fields


def by_model(answer: Fields, said: Usage) -> list[Usage]:
    """Return what each model of a whole answer consumed; nothing where it has no breakdown."""
    usages: list[Usage] = []
    for part in answer.each("usage_breakdown.models"):
        own = replace(said, model=part.text("model") or said.model)
        usages += openai_chat.read(part.at("usage") or Fields(None), own)
    return usages
