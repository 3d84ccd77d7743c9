"""SQLite as Django has it, but for what a server that is never restarted needs: see base.py."""
