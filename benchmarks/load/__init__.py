"""Monday at eight over twenty schools, against one table of targets: ``make load``."""
