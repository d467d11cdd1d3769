"""Bill a block of code, and tell what happened in it: model calls, tools, a wait for a person.

Run it with `python -m examples.context_manager`.
"""

from __future__ import annotations

import time

from examples.local import local_keito
from keito.billing import Recorder, Usage, usage_of

ANSWER = {
    "id": "chatcmpl-1",
    "model": "gpt-4.1-mini",
    "choices": [{"message": {"role": "assistant", "content": "Refund it."}}],
    "usage": {"prompt_tokens": 812, "completion_tokens": 9, "total_tokens": 821},
}


def main() -> None:
    """Work on a refund that a person has to approve."""
    with local_keito() as local:
        recorder = Recorder(**local.settings, target=local.target)

        with recorder.run("refund-agent") as run:
            call = run.model_start("chatcmpl-1", model="gpt-4.1-mini")
            (usage,) = usage_of(ANSWER, provider="openai")
            call.end(usage)
            with run.paused():
                time.sleep(0.2)  # a person decides
            run.tool_start("refund", key="call_1").end()
            run.model_call(Usage(model="gpt-4.1-mini"), key="chatcmpl-2")  # it said no tokens
            run.note("Refunded an order")

        local.show(recorder)
        said = local.keito.entries()[0]["metadata"]
        print(f"{said['tokens_in']} tokens in, {said['tokens_out']} out,", end=" ")
        print(f"{said['llm_calls']} model calls, {said['tool_calls']} tool call")
        print(f"some tokens are unknown: {said['usage_incomplete']}")


if __name__ == "__main__":
    main()
