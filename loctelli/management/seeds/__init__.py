"""What a new database starts with; `manage.py seed` writes it."""
