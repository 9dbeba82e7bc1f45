"""The command line: one verb per file, and one for every administrative command without a file.

Promises: data goes to standard output, words about it to standard error; `--json` gives data for
programs; a secret is never taken as an argument and never shown twice.
Read `main.py` first. To add a verb: a module with a click command called `command`. Modules are
imported when their verb is asked for, and import what is slow inside their functions.
"""
