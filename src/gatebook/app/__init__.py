"""Puts the parts together: settings, keys, wiring, and the processes an installation consists of.

Read `wiring.py` to see what is built and from what, `supervisor.py` for which processes there are.
"""
