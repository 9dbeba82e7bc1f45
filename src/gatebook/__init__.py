"""Gatebook stands between AI agents and everything they touch, and keeps the book of it.

Read `gateway/pipeline.py` first: one function, one call, every stage in order.
The other stories are `ledger/append.py`, `ledger/verify.py` and `control/apply.py`.
"""

__version__ = "0.1.0"
