"""Milo: how close does a local model come to the cloud at agentic tool calling?"""

import os

__version__ = "0.1.0"

# Pydantic would look for plugins in all that is installed, at its first model: half as long as its own import.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
