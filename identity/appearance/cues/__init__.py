"""The cues that make up a look: their table, and a file for each that measures it."""
