"""The family's doors of the API, beside those of the apps that its pages show."""
