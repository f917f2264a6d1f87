"""Reads a clip and says who stays themselves."""
