"""Every change an administrator can make, one command per file; each change writes its event.

Promises: a change and its event are one transaction, so neither exists without the other; the actor
is who we know him to be, never whom the caller names; values before and after are in the body.
Read `apply.py` first. To add a command: `commands/<verb_noun>.py` with one class of that name and
a unit test; the command-line verb follows from its `verb`, its fields and their descriptions.
"""
