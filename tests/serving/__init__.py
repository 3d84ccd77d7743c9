"""Real server processes on loopback, with a small application, and clients that misbehave."""
