"""Indicators of quality and alignment behind one protocol: ours, and those that the paper compares with."""

__all__: list[str] = []
