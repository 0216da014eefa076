"""What `import scalekit` finds in a process that was started with this folder on its path: the module of this name here."""

from gatepost.compat import install

install("scalekit")
