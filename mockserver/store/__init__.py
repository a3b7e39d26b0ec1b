"""Where the state of all sandboxes lives, behind two protocols. Decides nothing: the core does."""

from mockserver.store.protocol import EVERYONE as EVERYONE
from mockserver.store.protocol import Sandbox as Sandbox
from mockserver.store.protocol import Store as Store
