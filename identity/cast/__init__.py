"""Who is who over all shots, and which of a known cast they are."""
