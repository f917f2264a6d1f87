"""Who is one body through a shot, told by motion alone, and the looks it wears."""
