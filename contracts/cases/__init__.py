"""What a server is tried with. Sends nothing."""
