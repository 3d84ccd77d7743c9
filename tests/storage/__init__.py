"""What becomes of answers, readers and requests while the database is away. The faults are real."""
