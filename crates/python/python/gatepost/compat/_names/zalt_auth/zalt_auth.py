"""What `import zalt_auth` finds in a process that was started with this folder on its path: the module of this name here."""

from gatepost.compat import install

install("zalt_auth")
