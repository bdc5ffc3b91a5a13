"""Programs that train, measure and pack the parser of the mini pack; they are not part of any package."""
