"""A door: commands in from the message bus, events out to it."""
