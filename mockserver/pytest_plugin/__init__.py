"""The pytest plugin: an address and a guard a session, a new sandbox a test. Light to load."""

from mockserver.pytest_plugin.ambient import SessionServer
from mockserver.pytest_plugin.fixtures import *
from mockserver.pytest_plugin.hooks import *

__all__ = ["SessionServer"]  # for users; pytest finds the hooks and fixtures by their names
