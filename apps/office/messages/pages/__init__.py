"""Pages: what is sent, announcements, and how a school words and sends."""
