"""Lists on paper: Typst beside the engine before it, and memory over many documents."""
