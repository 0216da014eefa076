"""Signed texts that are no access tokens (RFC 7515)."""

from gatepost._native import verify_compact

__all__ = ["verify_compact"]
