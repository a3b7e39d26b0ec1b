"""The contract of the Images API and the suite that judges a server by it. Imports no server."""
