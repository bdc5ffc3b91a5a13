"""What the mini pack must show: one function a claim, on material that it was not trained on."""
