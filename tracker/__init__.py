"""Frames to detections and tracklets."""
