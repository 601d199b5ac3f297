"""MTProto as a server speaks it: keys, packets, sessions, the ordering of messages."""
