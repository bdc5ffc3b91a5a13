"""Prompts as people write them: the syntax taken off, with the way back kept."""

__all__: list[str] = []
