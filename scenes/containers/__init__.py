"""Whether a file is whole by what its container says: lengths, marks, counters and checksums.

FFmpeg reads what is there and is content. Most containers say more than it looks at, so a file that
was cut off, or of which a piece is gone, is told from one that is short. Each format has a file.
"""
