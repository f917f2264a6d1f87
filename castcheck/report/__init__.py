"""The report: its model and its writers."""
