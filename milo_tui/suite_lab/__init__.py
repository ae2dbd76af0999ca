"""Milo's tools for suite authors: mutations, the self-check, a new prompt, BFCL import."""
