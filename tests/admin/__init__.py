"""The admin: who gets in, what they see, and that nothing they read can do anything."""
