"""What may have happened at a moment: one file for each explanation, one model to weigh all."""
