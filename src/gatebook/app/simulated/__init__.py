"""A model vendor that runs here, for the demo and for tests: the APIs of five, answers of words.

Read `provider.py` first: it says what a model's name makes the vendor do.
"""
