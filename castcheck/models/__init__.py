"""The networks: which are known, where they lie, how they are fetched and loaded."""
