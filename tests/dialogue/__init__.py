"""Conversations, as YAML, through the running engine and action server."""
