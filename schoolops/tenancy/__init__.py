"""The wall between schools: one schema and one database role each, chosen through a ContextVar, never guessed."""
