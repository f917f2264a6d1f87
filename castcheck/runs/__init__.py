"""What is done with runs that are finished: calibrate, accept, compare."""
