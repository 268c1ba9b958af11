"""Measures Loctelli beside plain REST framework and beside no framework at all: see README.md here."""
