"""The reception of messages that local systems post to us; they become the records of a source."""
