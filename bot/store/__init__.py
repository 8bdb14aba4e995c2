"""The core's tables and the only SQL of the core."""
