"""An integration to read and to start from; the page "Write an integration" goes through it."""

from __future__ import annotations
