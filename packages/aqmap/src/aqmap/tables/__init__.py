"""Many pictures with their prompts: found in tables and folders, scored into one table."""

__all__: list[str] = []
