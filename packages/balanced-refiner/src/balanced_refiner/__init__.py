"""Repair the weak parts of a generated image and leave the rest untouched, eqs. (9) and (10) of G-Refine.

The public names are in `__init__.pyi`; each is imported on first use, so that importing this
package loads neither torch nor diffusers.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
