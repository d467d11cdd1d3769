"""Two clients in one process: every run says whose it is, and one that does not bills nobody.

Run it with `python -m examples.two_clients`.
"""

from __future__ import annotations

import asyncio

from examples.local import local_keito
from keito.billing import Recorder, Target, bill_to

CLIENTS = {
    "acme": Target(project_id="prj_acme_support", task_id="tsk_agent_run"),
    "globex": Target(project_id="prj_globex_onboarding", task_id="tsk_agent_run"),
}


def main() -> None:
    """Serve two clients at once, and do something for which nobody said who pays."""
    with local_keito() as local:
        recorder = Recorder(**local.settings, targets=CLIENTS, routing="explicit")

        async def serve(client: str, notes: str) -> None:
            with bill_to(client, notes=notes):
                async with recorder.run("desk-agent"):
                    await asyncio.sleep(0.02)

        async def both() -> None:
            await asyncio.gather(serve("acme", "Asked by Acme"), serve("globex", "Asked by Globex"))

        asyncio.run(both())
        with recorder.run("tidy-up"):
            print("nobody said who pays for this")

        recorder.flush()
        waiting = recorder.status().records.get("UNROUTED", 0)
        local.show(recorder)
        for entry in local.keito.entries():
            print(f"{entry['notes']}: billed to {entry['project_id']}")
        print(f"{waiting} run is kept until someone says whose it is")


if __name__ == "__main__":
    main()
