"""What somebody looks like: networks, colours, and the looks of every box."""
