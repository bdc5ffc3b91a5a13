"""CLIP models of open_clip behind the Encoder protocol; `models` is the one file that imports open_clip."""

__all__: list[str] = []
