"""What is in the text: data loss and attack detection behind one interface.

Promises: an Inspection names every detector that saw the text, and none that did not; a check that
was skipped is reported as skipped, never as passed. There are no detectors yet.
Read `inspect.py` first.
"""
