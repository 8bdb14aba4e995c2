"""The core: what a conversation with the city is, whoever speaks and however."""
