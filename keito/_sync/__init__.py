# Generated from keito/_async/__init__.py: change that, then run `make fix`.
"""The client for threads."""

from __future__ import annotations
