"""Following a file that grows, in the window."""
