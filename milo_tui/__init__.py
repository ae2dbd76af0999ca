"""Milo: how close does a local model come to the cloud at agentic tool calling?"""

__version__ = "0.1.0"
