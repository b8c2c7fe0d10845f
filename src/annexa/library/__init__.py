"""Content shipped with the product, as data files, and its loader."""
