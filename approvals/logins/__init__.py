"""Signing in from a terminal: by a code in a mail, or by saying so at the desk."""
