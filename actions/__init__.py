"""What the bot can do: the action server, a process of its own."""
