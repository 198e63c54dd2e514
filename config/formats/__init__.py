"""How days and moments are written, one way for each kind, on every page and paper in both languages.

A page names the kind (``DATE_FORMAT``), and Django takes what stands here. A month is a word: 4/11 is two days.
"""
