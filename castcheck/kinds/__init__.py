"""What castcheck finds: the table of kinds, and a file for each that finds it."""
