"""Optimizers of pictures behind one protocol: ours, and those that the paper compares with in tables 2 to 5."""

__all__: list[str] = []
