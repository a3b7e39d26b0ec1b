"""Pictures: drawn, made from uploads, kept. What is in `pure` needs nothing but its arguments."""
