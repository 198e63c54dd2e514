"""How HTTP speaks: viewset base, problem documents, parsing and rendering, permissions, pages."""
