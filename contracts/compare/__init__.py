"""Recordings, and what differs between two targets, two days or two documents."""
