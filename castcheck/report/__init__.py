"""Writes the report: a file for each row of `castcheck/tables/formats.py`."""
