"""`castcheck check`: the command, its run over the clips, and what it prints."""
