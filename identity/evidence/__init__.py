"""What was seen on both sides of a moment: how alike the looks are, how surely a set goes on."""
