"""The places where agents run, as real processes: what each loses, and what it does not."""
