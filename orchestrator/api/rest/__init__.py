"""WebODM's REST API, so that its clients work: the same commands and the same turn as from the bus."""
