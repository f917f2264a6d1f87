"""Who should be in a clip: cast files, scripts and reference pictures."""
