"""Scorers of whole prompts against whole images, g of eq. (8): one file per kind of model.

`image_reward` is the one file that imports transformers.
"""

__all__: list[str] = []
