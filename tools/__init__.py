"""Tools for those who work on castcheck; nothing here is installed."""
