"""What castcheck finds: a file for each row of `castcheck/tables/kinds.py`."""
