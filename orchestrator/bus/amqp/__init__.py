"""AMQP 0-9-1 for the hot path.

aiormq opens connections and channels, declares, and keeps the heartbeat. The frames that carry messages and confirms
never reach it: they are read and written here, five times cheaper, from the same socket.
"""
