"""The LangChain adapter, case by case: in each, other handlers lose usage, or count it twice.

- what is one run, and what LangChain's events hide of it: `test_runs`, `test_shapes`,
  `test_attempts`, `test_targets`, `test_attachment`
- how runs end, late, early or never: `test_ends`, `test_never_ended`, `test_streams`
- interrupts, and what goes on after them: `test_interrupts`, `test_resuming`
- what a call consumed: `test_usage` and `test_text_models` by what LangChain reports,
  `test_over_http` with its OpenAI client, `test_replays` with what real providers have answered
- many at once, in batches, on an event loop, under a server: `test_concurrency`, `test_batches`,
  `test_deployed`
- tools and limits: `test_tools`, `test_toolkit`, `test_middleware`
"""
