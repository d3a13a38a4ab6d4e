"""What local systems post to us, taken in as the drops of a source."""
