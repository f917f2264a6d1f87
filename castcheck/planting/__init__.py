"""Plants known errors into clips that have none, with their truth."""
