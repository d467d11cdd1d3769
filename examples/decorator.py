"""Bill functions: each call of a decorated one is a run, whatever kind of function it is.

Run it with `python -m examples.decorator`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

from examples.local import local_keito
from keito.billing import Recorder


def main() -> None:
    """Call a function, await one, and read a generator half-way."""
    with local_keito() as local:
        recorder = Recorder(**local.settings, target=local.target)

        @recorder.billed("answerer", notes=lambda answer: f"Answered: {len(answer)} letters")
        def answer(ticket: str) -> str:
            time.sleep(0.02)
            return f"About {ticket}: it is on its way."

        @recorder.billed("classifier", notes="Classified a ticket")
        async def classify(ticket: str) -> str:
            await asyncio.sleep(0.02)
            return f"{ticket} is about a delivery."

        @recorder.billed("writer", notes="Wrote a letter")
        def write(ticket: str) -> Iterator[str]:
            for word in ("Dear", "customer", "about", ticket):
                time.sleep(0.02)
                yield word

        print(answer("T-1"))
        print(asyncio.run(classify("T-2")))
        for word in write("T-3"):
            time.sleep(0.2)  # the reader's own time, which nobody pays for
            print(word)
            if word == "customer":
                break

        local.show(recorder)


if __name__ == "__main__":
    main()
