"""The sandbox and its provider."""
