"""Side-by-side benchmark: what a governed call costs, against peers and against the physical limit.

`python -m bench` prepares the peers, measures every row in one run on one machine and writes
`docs/explanation/performance.md`. Read `bench/run.py` first; it tells the run from top to bottom.
Only ratios of one run mean anything: a machine, a neighbour or a kernel changes every number.
To add a row: one start function and one line in `bench/rows.py`.
"""
