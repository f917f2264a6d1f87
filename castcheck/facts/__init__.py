"""What a report says: the report itself, its parts, and what it was judged with."""
