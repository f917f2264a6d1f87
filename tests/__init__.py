"""A package, so that `tests.` never means one that some dependency left in site-packages."""
