"""The tables: a row for each kind of finding, and for each report format."""
