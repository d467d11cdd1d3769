"""The published Python SDK, `keito==0.2.0`, as a client that we did not write.

It has our import name, so it lives in an environment of its own and runs in its own process.
"""

from __future__ import annotations
