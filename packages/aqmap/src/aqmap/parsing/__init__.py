"""Dependency trees of prompts, and the parsers that make them."""

__all__: list[str] = []
