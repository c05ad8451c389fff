"""Scenarios: one intent that agents, people and the server itself carry through steps."""
