"""Trains the bundled models on the studio's pictures. Stands outside: no other package imports it."""
