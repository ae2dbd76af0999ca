"""Milo: how close does a local model come to the cloud at agentic tool calling?"""

import os

__version__ = "0.1.0"

# Before pydantic is imported: looking for its plugins in every installed package takes a sixth of `milo runs`.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
