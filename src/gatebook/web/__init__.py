"""What every HTTP door of Gatebook shares: the listener's limits, one exchange, errors to answers.

Promises: what a proxy and we could read differently never reaches an application, no header and no
body grows beyond its limit, and a slow sender is let go.
Read `server.py` first (what is refused at the socket), then `exchange.py` and `problem.py`.
"""
