"""The page to look at: what programs asked, what they got, why, and what it would have cost."""
