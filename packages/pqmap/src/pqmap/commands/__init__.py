"""The commands of `pqmap`, one file each; they import what is heavy when they run."""

__all__: list[str] = []
