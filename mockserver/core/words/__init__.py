"""What the API says when it refuses, byte for byte, in each of its dialects."""
