"""What the journal says of the program that asked: its faults, what it never met, another model."""
