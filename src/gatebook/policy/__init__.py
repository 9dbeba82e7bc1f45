"""May this principal do this now? A Permit says yes and why; Refused says no and what to do.

Promises: what no rule permits is refused; every decision names the policy it was made under.
Read `permit.py` first.
"""
