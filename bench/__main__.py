"""`python -m bench`: all of it, one after the other, in some two minutes."""

from __future__ import annotations

from bench import generation, limits, memory, pictures, plugin, startup, uploads

if __name__ == "__main__":
    for part in (generation, pictures, uploads, startup, plugin, limits, memory):
        print(f"\n{part.__name__}")
        part.main()
