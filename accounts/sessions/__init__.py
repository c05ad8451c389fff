"""Signing in from a terminal: sessions, their tokens, and what a person may do with them."""
