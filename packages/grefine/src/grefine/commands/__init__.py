"""One command a file: it reads its options, calls, and prints."""

__all__: list[str] = []
