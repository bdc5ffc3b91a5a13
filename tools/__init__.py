"""Programs for developers: checks of house rules, and fitting of the mini pack. Not installed by any package."""
