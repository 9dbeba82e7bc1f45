"""The rules; the runner takes every module of this folder."""
