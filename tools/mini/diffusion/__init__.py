"""Training of the pack's small latent inpainting model."""
