"""The offline model pack `mini`: an encoder, quality pairs, a parser and a diffusion model.

Other packages find it by entry point and never import it; its public names are the presets.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
