"""Diffusion models behind the `Inpainter` protocol: any loaded stock pipeline, repainted by a loop of our own."""

__all__: list[str] = []
