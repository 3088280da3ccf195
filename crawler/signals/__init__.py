"""Signals: bytes or text → directives with their raw text and position. Never raises on input."""
