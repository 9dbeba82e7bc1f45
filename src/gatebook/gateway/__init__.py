"""The door agents use: every call is recorded before it leaves and before its answer is given.

Promises: nothing leaves unrecorded (`forward` takes the Receipt of the intent, and only the ledger
makes receipts); if the book cannot take an entry, the call is refused; no database is read on the
path of a call.
Read `pipeline.py` first: one function whose lines are the stages of a call.
"""
