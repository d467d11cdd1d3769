"""What continuous integration does beyond `make check` and `make test`, runnable anywhere."""

from __future__ import annotations
