"""The commands of `aqmap`, one file each; they import what is heavy when they run."""

__all__: list[str] = []
