"""Hypothesis without a deadline: a busy machine is no failure of an invariant."""

from hypothesis import settings

settings.register_profile("gatebook", deadline=None)
settings.load_profile("gatebook")
