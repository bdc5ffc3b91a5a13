"""Programs that train and measure the mini pack; they are not part of any package."""
