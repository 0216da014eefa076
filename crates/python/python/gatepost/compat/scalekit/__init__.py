"""What applications import from `scalekit`, over Gatepost: signing in, tokens, signing out.

Both ways of calling are taken, that of the vendor's package and that of its documentation: options as an object or a dict, and
answers that are mappings and have attributes. `validate_access_token` returns the claims and **raises** where the token is not good;
the vendor's package returns False, which is easily taken for somebody.
"""

from gatepost.compat.scalekit.client import ScalekitClient
from gatepost.compat.scalekit.common.scalekit import AuthorizationUrlOptions, CodeAuthenticationOptions

__all__ = ["AuthorizationUrlOptions", "CodeAuthenticationOptions", "ScalekitClient"]
