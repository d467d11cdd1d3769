"""`keito summary`: what agents did and earned."""

from __future__ import annotations

from .summary import summary

__all__ = ["summary"]
