"""The registry of intent types: a JSON Schema for each, which payloads are held against."""
