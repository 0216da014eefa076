"""Sign-in with the browser, in FastAPI."""
