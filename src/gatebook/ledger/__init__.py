"""The append-only book: entries, chains, tree, checkpoints, receipts, verification.

Promises: an entry is durable before its receipt exists, receipts are made in one place, and
nothing here does input or output: stores, certifiers and tile sources are Protocols (`ports.py`).
Read `append.py` first (how an entry gets in), then `verify.py` (how anyone checks it later).
To add an event: one class in `events/<subject>.py` and its golden JSON in `vectors/events/`.
"""
