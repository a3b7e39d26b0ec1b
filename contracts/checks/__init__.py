"""What answers must keep. Knows neither who was asked nor who reports."""
