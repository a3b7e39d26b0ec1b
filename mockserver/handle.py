"""A sandbox from Python, by the name that tests import it by: see `client.sandbox`."""

from mockserver.client.sandbox import Sandbox

__all__ = ["Sandbox"]
