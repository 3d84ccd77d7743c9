"""Models: what the database keeps, and keeps out."""
