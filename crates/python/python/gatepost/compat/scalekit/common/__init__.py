"""Options and exceptions."""
