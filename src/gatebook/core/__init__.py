"""Words every part shares: errors, clock, ids, the JSON profile and the registry of folders.

Promises: imports nothing else of Gatebook and does no input or output of its own.
Read `errors.py` first; every refusal and failure a user sees is one of its nine kinds.
"""
