"""Coming in and going out: passwords, links, the second factor, support, and the language of a page."""
