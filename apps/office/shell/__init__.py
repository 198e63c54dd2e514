"""What every room stands on: the site, its navigation and look, pages, forms, lists, acts, and words."""
