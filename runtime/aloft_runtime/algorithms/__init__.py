"""Algorithms that train without a script of the user's: the image alone says which one runs."""
