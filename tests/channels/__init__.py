"""Tables for the channels."""
