"""Faces: where eyes, nose and mouth are in a head, and what the face looks like."""
