"""Fits the numbers behind every decision: `identity/explanations/decisions.json`."""
