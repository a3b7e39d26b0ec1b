"""Scripted behaviour: rules read, matched, put in order. Counts nothing."""
