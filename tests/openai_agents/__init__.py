"""The adapter for the OpenAI Agents SDK, case by case: what its hooks tell and what not.

- what is one run, whose it is, and what is around it: `test_runs`, `test_opening`,
  `test_surroundings`, `test_attaching`, `test_contract`
- how runs end, however they are started and whether traced or not: `test_every_way`; cancelled,
  raced or forgotten: `test_ends`, `test_streams`; refused late: `test_refused`
- people who are asked, and what goes on after them: `test_resuming`
- what a run consumed: `test_counting` and `test_models` by what the SDK counts, `test_sharing`
  where several count together, `test_before_hooks` before a hook is called, `test_over_http` with
  its own models, `test_litellm`, `test_traffic` with what real providers have answered
- agents within agents, many at once, a process that dies: `test_nested`, `test_crowd`,
  `test_killed`
- without `attach`: `test_ways`, `test_run_hooks`, `test_tracing`
- tools and limits: `test_tools`, `test_limits`
"""
