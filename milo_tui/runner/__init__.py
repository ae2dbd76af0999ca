"""Plan and carry out a run; its live state, events and channel."""
