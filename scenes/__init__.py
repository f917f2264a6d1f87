"""Pixels to frames and shots."""
