"""What may a call use, and who has what is left? Rates and budgets that are never passed together.

Promises: what has been used and what is set aside never exceed a limit, in any number of processes.
Read `bounds.py` first, then `demand.py` (a call), `purse.py` (a process), `leases.py` (several).
"""
