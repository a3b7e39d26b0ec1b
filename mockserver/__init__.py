"""A local stand-in for the OpenAI Images API. Imports nothing: the plugin passes through here."""

__version__ = "0.2.0"
