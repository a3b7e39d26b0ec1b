"""What a request is while it is served: its value, its body, its log line, the day's rules."""
