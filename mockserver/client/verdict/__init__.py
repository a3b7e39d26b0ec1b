"""What a journal says of the program that asked, and the forms that CI reads it in."""
