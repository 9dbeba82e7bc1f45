"""Who is who: organizations, people, agents and the keys that prove an agent is itself.

Promises: a key's secret is never stored, only an HMAC under a pepper kept outside the database;
every failed identification looks the same to the caller; nothing here does input or output.
Read `keys.py` for the form of a key, then `identify.py` for how one becomes a Principal.
"""
