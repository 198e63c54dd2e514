"""How SchoolOps is wired: settings, URLs, entry points. No rule of a school lives here."""
