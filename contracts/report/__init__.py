"""The report of a run, for people and for machines. Judges nothing."""
