"""What all commands share: the table of commands, options, exit codes, and what is printed."""
