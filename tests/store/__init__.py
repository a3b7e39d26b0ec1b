"""What any store promises, held against memory and against those that processes share."""
