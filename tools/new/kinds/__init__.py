"""The kinds of thing that can be scaffolded: one module each."""
