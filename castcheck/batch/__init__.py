"""Many clips in one run: workers, resume, one summary."""
