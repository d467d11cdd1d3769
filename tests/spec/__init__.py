"""The API's description, as facts that the client and the sandbox are held against."""

from __future__ import annotations
