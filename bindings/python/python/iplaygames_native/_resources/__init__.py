"""The resources of the client: one file for each group of calls, loaded on first use."""

# Written by bindings/python/generate.py from src/api/operations.json. Do not edit.
