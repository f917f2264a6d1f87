"""Trains the bundled models on the studio's pictures. No other package imports it."""
