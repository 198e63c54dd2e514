"""One school as one sealed file: taken, brought back beside what the school is or in its place."""
