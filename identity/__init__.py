"""Tracklets to looks, cast and findings."""
