"""What people decide about findings: the file of decisions, and the local page to make them."""
