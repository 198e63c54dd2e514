"""What holds for all of the code: its names, its layers, its one reader of the environment."""
