"""What the guard finds and what it takes for it, on sources that it was not made from.

`make bench-guard ARGS="--data DIR"`; the data is not part of the project.
"""
